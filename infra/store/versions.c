/* versions.c - see versions.h. */
#include "infra/store/versions.h"

#include <stdlib.h>
#include <string.h>

enum { FIND };

static const char *const SQL[] = {
    /* a row without a version: the model exists, the version does not */
    [FIND] =
        "select v.id, m.name, v.version, v.status, v.job_id, v.intent, v.dataset_id,"
        "       v.artifact_digest, v.report, v.training_s, v.error_code, v.error_message,"
        "       iso(v.created_at), iso(greatest(v.updated_at, j.updated_at)), m.display_name,"
        "       m.description, m.tags, m.input_schema, m.output_schema, j.id, j.pool, j.status,"
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
    version->display_name = pg_text(rows, 0, at++);
    version->description = pg_text(rows, 0, at++);
    version->tags = pg_text(rows, 0, at++);
    version->input_schema = pg_text(rows, 0, at++);
    version->output_schema = pg_text(rows, 0, at++);
    read_job(rows, at, version);
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
        error_set(err, ERROR_NOT_FOUND, "no model is named %.100s", model);
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
