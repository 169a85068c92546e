/* models.c - see models.h. */
#include "infra/store/models.h"

#include <stdio.h>
#include <string.h>

enum { INSERT, FIND, UPDATE, DELETE, COUNT_ALL, COUNT_STATUS, LIST_FIRST };

/* How lists can be sorted; the id makes each order total. */
enum { CREATED_DESC, CREATED_ASC, NAME_DESC, NAME_ASC, ORDERS };

#define BY_CREATED_DESC "m.created_at desc, m.id desc"
#define BY_CREATED_ASC "m.created_at asc, m.id asc"
#define BY_NAME_DESC "m.name collate \"C\" desc, m.id desc"
#define BY_NAME_ASC "m.name collate \"C\" asc, m.id asc"

#define MODEL_COLUMNS                                                                              \
    "m.id, m.account, m.name, m.display_name, m.description, m.tags, coalesce(v.intent, "          \
    "m.intent),"                                                                                   \
    " coalesce(v.dataset_id, m.dataset_id), v.input_schema, v.output_schema, m.created_by,"        \
    " iso(m.created_at), iso(greatest(m.updated_at, v.updated_at)),"                               \
    " deployment_word(m.id, null), v.version, v.status, v.error_message"

/* The current version: the newest that is READY, else the newest. */
#define CURRENT_VERSION                                                                            \
    " left join lateral ("                                                                         \
    "   select x.version, x.status, x.updated_at, x.intent, x.dataset_id, x.input_schema,"         \
    "          x.output_schema, x.error_message, x.report"                                         \
    "     from versions x"                                                                         \
    "    where x.model_id = m.id and x.status <> 'DELETED'"                                        \
    "    order by x.status = 'READY' desc, x.version desc limit 1) v on true"

#define OF_ACCOUNT                                                                                 \
    " where m.account = $1 and m.deleted_at is null"                                               \
    "   and ($2::jsonb is null or m.tags::jsonb @> $2::jsonb)"

/* A page first, then what is told of it; with a status all versions must be looked at. */
#define LIST(order)                                                                                \
    "select " MODEL_COLUMNS ", null from (select * from models m" OF_ACCOUNT " order by " order    \
    " limit $3::int offset $4::int) m" CURRENT_VERSION " order by " order
#define LIST_STATUS(order)                                                                         \
    "select " MODEL_COLUMNS ", null from models m" CURRENT_VERSION OF_ACCOUNT                      \
    " and v.status = $5 order by " order " limit $3::int offset $4::int"

static const char *const SQL[] = {
    [INSERT] = "with model as ("
               "  insert into models (id, account, name, display_name, description, intent, tags,"
               "                      dataset_id, input_schema, output_schema, created_by,"
               "                      last_version)"
               "  values ($1, $2, $3, $4, $5, $6, $7::json, $8, $9::json, $10::json, $11, 1)"
               "  returning id, created_at)"
               "insert into versions (id, model_id, account, version, job_id, intent, dataset_id,"
               "                      input_schema, output_schema, target, metric, max_iterations,"
               "                      timeout_s, seed, created_at, updated_at)"
               "select $12, model.id, $2, 1, $13, $6, $8, $9::json, $10::json, $14, $15,"
               "       nullif($16::int, 0), nullif($17::int, 0), $18::bigint,"
               "       model.created_at, model.created_at"
               "  from model returning iso(created_at)",
    [FIND] = "select " MODEL_COLUMNS ", v.report from models m" CURRENT_VERSION
             " where m.account = $1 and m.name = $2 and m.deleted_at is null",
    [UPDATE] = "update models set revision = revision + 1, updated_at = clock_timestamp(),"
               "       display_name = coalesce($3, display_name),"
               "       description = case when $5::boolean then null"
               "                          else coalesce($4, description) end,"
               "       tags = coalesce($6::json, tags)"
               " where account = $1 and name = $2 and deleted_at is null returning id",
    [DELETE] = "select version, deleted_at from delete_model($1, $2)",
    [COUNT_ALL] = "select count(*) from models m" OF_ACCOUNT,
    [COUNT_STATUS] =
        "select count(*) from models m" CURRENT_VERSION OF_ACCOUNT " and v.status = $3",
    [LIST_FIRST + CREATED_DESC] = LIST(BY_CREATED_DESC),
    [LIST_FIRST + CREATED_ASC] = LIST(BY_CREATED_ASC),
    [LIST_FIRST + NAME_DESC] = LIST(BY_NAME_DESC),
    [LIST_FIRST + NAME_ASC] = LIST(BY_NAME_ASC),
    [LIST_FIRST + ORDERS + CREATED_DESC] = LIST_STATUS(BY_CREATED_DESC),
    [LIST_FIRST + ORDERS + CREATED_ASC] = LIST_STATUS(BY_CREATED_ASC),
    [LIST_FIRST + ORDERS + NAME_DESC] = LIST_STATUS(BY_NAME_DESC),
    [LIST_FIRST + ORDERS + NAME_ASC] = LIST_STATUS(BY_NAME_ASC),
};
const struct pg_sql models_sql = PG_SQL(SQL);

bool models_insert(struct pg *db, const struct new_model *model,
                   char created_at[static STORE_TIME_BYTES], struct error *err)
{
    struct pg_rows *rows =
        pg_query(db, SQL[INSERT],
                 PG_VALUES(model->id, model->account, model->name, model->display_name,
                           model->description, model->intent, model->tags, model->dataset_id,
                           model->input_schema, model->output_schema, model->created_by,
                           model->version_id, model->job_id, model->wish.target, model->wish.metric,
                           pg_number(model->wish.max_iterations).text,
                           pg_number(model->wish.timeout_s).text, pg_number(model->wish.seed).text),
                 err);

    if (rows == NULL) {
        if (err->code == ERROR_CONFLICT)
            error_set(err, ERROR_CONFLICT,
                      "a model named %.63s exists: choose another name, or make a new version of "
                      "it by POST /models/%.63s/versions",
                      model->name, model->name);
        return false;
    }
    snprintf(created_at, STORE_TIME_BYTES, "%s", pg_text_or_empty(rows, 0, 0));
    pg_rows_free(rows);
    return true;
}

void model_read(const struct pg_rows *rows, size_t row, struct model *model)
{
    int at = 0;

    *model = (struct model){0};
    model->id = pg_text(rows, row, at++);
    model->account = pg_text(rows, row, at++);
    model->name = pg_text(rows, row, at++);
    model->display_name = pg_text(rows, row, at++);
    model->description = pg_text(rows, row, at++);
    model->tags = pg_text(rows, row, at++);
    model->intent = pg_text(rows, row, at++);
    model->dataset_id = pg_text(rows, row, at++);
    model->input_schema = pg_text(rows, row, at++);
    model->output_schema = pg_text(rows, row, at++);
    model->created_by = pg_text(rows, row, at++);
    model->created_at = pg_text(rows, row, at++);
    model->updated_at = pg_text(rows, row, at++);
    model->deployment_status = pg_text(rows, row, at++);
    model->version = (int)pg_int(rows, row, at++);
    model->status =
        (enum version_status)state_from_word(MACHINE_VERSION, pg_text_or_empty(rows, row, at++));
    model->error_message = pg_text(rows, row, at++);
    model->report = pg_text(rows, row, at);
}

void model_clear(struct model *model)
{
    pg_rows_free(model->rows);
    *model = (struct model){0};
}

static bool no_such_model(const char *name, struct error *err)
{
    return error_set(err, ERROR_NOT_FOUND, "no model is named %.100s", name);
}

bool models_find(struct pg *db, const char *account, const char *name, struct model *model,
                 struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[FIND], PG_VALUES(account, name), err);

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        pg_rows_free(rows);
        return no_such_model(name, err);
    }
    model_read(rows, 0, model);
    model->rows = rows;
    return true;
}

static bool count_all(struct pg *db, const struct models_filter *filter, int64_t *total,
                      struct error *err)
{
    struct pg_rows *rows =
        filter->status == NULL
            ? pg_query(db, SQL[COUNT_ALL], PG_VALUES(filter->account, filter->tags), err)
            : pg_query(db, SQL[COUNT_STATUS],
                       PG_VALUES(filter->account, filter->tags, filter->status), err);

    if (rows == NULL)
        return false;
    *total = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    return true;
}

struct pg_rows *models_list(struct pg *db, const struct models_filter *filter, int64_t *total,
                            struct error *err)
{
    int order = (strcmp(filter->sort_by, "name") == 0 ? NAME_DESC : CREATED_DESC) +
                (filter->ascending ? 1 : 0);
    struct pg_number limit = pg_number(filter->limit);
    struct pg_number offset = pg_number(filter->offset);

    if (!count_all(db, filter, total, err))
        return NULL;
    if (filter->status == NULL)
        return pg_query(db, SQL[LIST_FIRST + order],
                        PG_VALUES(filter->account, filter->tags, limit.text, offset.text), err);
    return pg_query(
        db, SQL[LIST_FIRST + ORDERS + order],
        PG_VALUES(filter->account, filter->tags, limit.text, offset.text, filter->status), err);
}

bool models_update(struct pg *db, const char *account, const char *name,
                   const struct model_patch *patch, struct error *err)
{
    struct pg_rows *rows =
        pg_query(db, SQL[UPDATE],
                 PG_VALUES(account, name, patch->display_name, patch->description,
                           patch->clear_description ? "true" : "false", patch->tags),
                 err);
    bool ok = rows != NULL && (pg_rows_count(rows) > 0 || no_such_model(name, err));

    pg_rows_free(rows);
    return ok;
}

bool models_delete(struct pg *db, const char *account, const char *name,
                   struct deleted_model *deleted, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[DELETE], PG_VALUES(account, name), err);
    bool ok = rows != NULL && (pg_rows_count(rows) > 0 || no_such_model(name, err));

    if (ok) {
        deleted->version = (int)pg_int(rows, 0, 0);
        snprintf(deleted->deleted_at, sizeof deleted->deleted_at, "%s", pg_text(rows, 0, 1));
    }
    pg_rows_free(rows);
    return ok;
}
