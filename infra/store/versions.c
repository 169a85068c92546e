/* versions.c - see versions.h. */
#include "infra/store/versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIND, LIST, BASE, INSERT };

static const char *const SQL[] = {
    /* a row without a version: the model exists, the version does not */
    [FIND] = "select v.id, m.name, v.version, v.status, v.job_id, v.intent, v.dataset_id,"
             "       v.artifact_digest, v.report, v.training_s, v.error_code, v.error_message,"
             "       iso(v.created_at), iso(greatest(v.updated_at, j.updated_at)), v.input_schema,"
             "       v.output_schema, m.display_name, m.description, m.tags,"
             "       deployment_word(m.id, v.id), j.id, j.pool, j.status,"
             "       coalesce(l.progress, j.progress), coalesce(l.stage, j.stage),"
             "       extract(epoch from clock_timestamp() - j.available_at)"
             "  from models m"
             "  left join lateral ("
             "    select * from versions x"
             "     where x.model_id = m.id and x.status <> 'DELETED'"
             "       and ($3 = 'latest' or x.id = $3 or x.version = $4::int)"
             "     order by x.status = 'READY' desc, x.version desc limit 1) v on true"
             "  left join jobs j on j.id = v.job_id"
             "  left join leases l on l.job_id = j.id and l.run = j.run"
             " where m.account = $1 and m.name = $2 and m.deleted_at is null",
    [LIST] = "select v.id, v.version, v.kind, v.status, v.report->'metrics', v.job_id,"
             "       v.error_message, iso(v.created_at), iso(v.updated_at),"
             "       case when v.id is not null then deployment_word(m.id, v.id) end"
             "  from models m left join versions v on v.model_id = m.id and v.status <> 'DELETED'"
             " where m.account = $1 and m.name = $2 and m.deleted_at is null"
             " order by v.version desc",
    /* the first version was asked for what the model was asked for */
    [BASE] =
        "select m.id, c.version, b.id, b.version, b.status = 'READY',"
        "       coalesce(b.intent, m.intent), coalesce(b.dataset_id, m.dataset_id),"
        "       b.input_schema, b.output_schema, b.target, b.metric, b.max_iterations,"
        "       b.timeout_s, b.seed, case when b.status = 'READY' then b.report end"
        "  from models m"
        "  left join lateral ("
        "    select x.version from versions x where x.model_id = m.id and x.status <> 'DELETED'"
        "     order by x.status = 'READY' desc, x.version desc limit 1) c on true"
        "  left join lateral ("
        "    select * from versions x where x.model_id = m.id and x.status <> 'DELETED'"
        "     order by $3::boolean and x.status = 'READY' desc,"
        "              case when $3::boolean and x.status = 'READY' then -x.version"
        "                   else x.version end limit 1) b on true"
        " where m.account = $1 and m.name = $2 and m.deleted_at is null",
    [INSERT] = "with model as ("
               "  update models set last_version = last_version + 1, revision = revision + 1,"
               "         updated_at = clock_timestamp()"
               "   where id = $2 and deleted_at is null returning id, account, last_version)"
               "insert into versions (id, model_id, account, version, kind, job_id, intent,"
               "                      dataset_id, input_schema, output_schema, target, metric,"
               "                      max_iterations, timeout_s, seed)"
               "select $1, model.id, model.account, model.last_version, $3, $4, $5, $6, $7::json,"
               "       $8::json, $9, $10, nullif($11::int, 0), nullif($12::int, 0), $13::bigint"
               "  from model returning version, iso(created_at)",
};
const struct pg_sql versions_sql = PG_SQL(SQL);

int version_number(const char *word)
{
    const char *digits = word + (*word == 'v');
    size_t length = strspn(digits, "0123456789");
    bool whole = digits[length] == '\0' || strcmp(digits + length, ".0") == 0;

    return length > 0 && length < 9 && whole ? (int)strtol(digits, NULL, 10) : 0;
}

static void read_job(const struct pg_rows *rows, int at, struct version *version)
{
    version->has_job = pg_text(rows, 0, at++) != NULL;
    version->job_pool = pg_text(rows, 0, at++);
    version->job_status =
        (enum job_status)state_from_word(MACHINE_JOB, pg_text_or_empty(rows, 0, at++));
    version->progress = (int)pg_int(rows, 0, at++);
    version->stage = pg_text(rows, 0, at++);
    version->waited_s = pg_double(rows, 0, at);
}

static void read_row(const struct pg_rows *rows, struct version *version)
{
    int at = 0;

    version->id = pg_text(rows, 0, at++);
    version->model_name = pg_text(rows, 0, at++);
    version->version = (int)pg_int(rows, 0, at++);
    version->status =
        (enum version_status)state_from_word(MACHINE_VERSION, pg_text_or_empty(rows, 0, at++));
    version->job_id = pg_text(rows, 0, at++);
    version->intent = pg_text(rows, 0, at++);
    version->dataset_id = pg_text(rows, 0, at++);
    version->artifact_digest = pg_text(rows, 0, at++);
    version->report = pg_text(rows, 0, at++);
    version->training_s = pg_double(rows, 0, at++);
    version->error_code = pg_text(rows, 0, at++);
    version->error_message = pg_text(rows, 0, at++);
    version->created_at = pg_text(rows, 0, at++);
    version->updated_at = pg_text(rows, 0, at++);
    version->input_schema = pg_text(rows, 0, at++);
    version->output_schema = pg_text(rows, 0, at++);
    version->display_name = pg_text(rows, 0, at++);
    version->description = pg_text(rows, 0, at++);
    version->tags = pg_text(rows, 0, at++);
    version->deployment_status = pg_text(rows, 0, at++);
    read_job(rows, at, version);
}

static bool no_such_model(const char *model, struct error *err)
{
    return error_set(err, ERROR_NOT_FOUND, "no model is named %.100s", model);
}

bool versions_find(struct pg *db, const char *account, const char *model, const char *word,
                   struct version *version, struct error *err)
{
    struct pg_rows *rows = pg_query(
        db, SQL[FIND], PG_VALUES(account, model, word, pg_number(version_number(word)).text), err);
    bool ok = false;

    *version = (struct version){0};
    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0)
        no_such_model(model, err);
    else if (pg_text(rows, 0, 0) == NULL)
        error_set(err, ERROR_NOT_FOUND,
                  "model %.70s has no version %.50s: give one such as v1.0, or latest", model,
                  word);
    else
        ok = true;
    if (!ok) {
        pg_rows_free(rows);
        return false;
    }
    read_row(rows, version);
    version->rows = rows;
    return true;
}

void version_clear(struct version *version)
{
    pg_rows_free(version->rows);
    *version = (struct version){0};
}

struct pg_rows *versions_list(struct pg *db, const char *account, const char *model,
                              struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[LIST], PG_VALUES(account, model), err);

    if (rows == NULL || pg_rows_count(rows) > 0)
        return rows;
    pg_rows_free(rows);
    no_such_model(model, err);
    return NULL;
}

void version_item_read(const struct pg_rows *rows, size_t row, struct version_item *item)
{
    int at = 0;

    item->id = pg_text(rows, row, at++);
    item->version = (int)pg_int(rows, row, at++);
    item->kind = pg_text(rows, row, at++);
    item->status =
        (enum version_status)state_from_word(MACHINE_VERSION, pg_text_or_empty(rows, row, at++));
    item->metrics = pg_text(rows, row, at++);
    item->job_id = pg_text(rows, row, at++);
    item->error_message = pg_text(rows, row, at++);
    item->created_at = pg_text(rows, row, at++);
    item->updated_at = pg_text(rows, row, at++);
    item->deployment_status = pg_text(rows, row, at);
}

static void read_base(const struct pg_rows *rows, struct version_base *base)
{
    int at = 0;

    base->model_id = pg_text(rows, 0, at++);
    base->current = (int)pg_int(rows, 0, at++);
    base->version_id = pg_text(rows, 0, at++);
    base->version = (int)pg_int(rows, 0, at++);
    base->is_ready = pg_bool(rows, 0, at++);
    base->intent = pg_text(rows, 0, at++);
    base->dataset_id = pg_text(rows, 0, at++);
    base->input_schema = pg_text(rows, 0, at++);
    base->output_schema = pg_text(rows, 0, at++);
    base->wish.target = pg_text(rows, 0, at++);
    base->wish.metric = pg_text(rows, 0, at++);
    base->wish.max_iterations = (int)pg_int(rows, 0, at++);
    base->wish.timeout_s = (int)pg_int(rows, 0, at++);
    base->has_seed = pg_text(rows, 0, at) != NULL;
    base->wish.seed = pg_int(rows, 0, at++);
    base->report = pg_text(rows, 0, at);
}

bool versions_base(struct pg *db, const char *account, const char *model,
                   enum version_origin origin, struct version_base *base, struct error *err)
{
    struct pg_rows *rows = pg_query(
        db, SQL[BASE], PG_VALUES(account, model, origin == ORIGIN_READY ? "true" : "false"), err);

    *base = (struct version_base){0};
    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        pg_rows_free(rows);
        return no_such_model(model, err);
    }
    read_base(rows, base);
    base->rows = rows;
    return true;
}

void version_base_clear(struct version_base *base)
{
    pg_rows_free(base->rows);
    *base = (struct version_base){0};
}

bool versions_insert(struct pg *db, const struct new_version *version, int *number,
                     char created_at[static STORE_TIME_BYTES], struct error *err)
{
    const struct version_wish *wish = &version->wish;
    struct pg_rows *rows = pg_query(
        db, SQL[INSERT],
        PG_VALUES(version->id, version->model_id, version->kind, version->job_id, version->intent,
                  version->dataset_id, version->input_schema, version->output_schema, wish->target,
                  wish->metric, pg_number(wish->max_iterations).text,
                  pg_number(wish->timeout_s).text, pg_number(wish->seed).text),
        err);
    bool ok = rows != NULL;

    if (ok && pg_rows_count(rows) == 0)
        ok = no_such_model(version->model_name, err);
    if (ok) {
        *number = (int)pg_int(rows, 0, 0);
        snprintf(created_at, STORE_TIME_BYTES, "%s", pg_text_or_empty(rows, 0, 1));
    }
    pg_rows_free(rows);
    return ok;
}
