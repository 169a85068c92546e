/* models.c - see models.h. */
#include "infra/store/models.h"

#include <stdio.h>
#include <string.h>

enum { INSERT, FIND, LIST, COUNT_ALL };

#define MODEL_COLUMNS                                                                              \
    "m.id, m.account, m.name, m.display_name, m.description, m.intent, m.tags, m.dataset_id,"      \
    " m.input_schema, m.output_schema, m.created_by, iso(m.created_at),"                           \
    " iso(greatest(m.updated_at, v.updated_at)), v.version, v.status"

/* The current version: the newest that is READY, else the newest. */
#define MODEL_VERSION                                                                              \
    " from models m left join lateral ("                                                           \
    "   select x.version, x.status, x.updated_at, x.report from versions x"                        \
    "    where x.model_id = m.id and x.status <> 'DELETED'"                                        \
    "    order by x.status = 'READY' desc, x.version desc limit 1) v on true"                      \
    " where m.account = $1 and m.deleted_at is null"

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
    [FIND] = "select " MODEL_COLUMNS ", v.report" MODEL_VERSION " and m.name = $2",
    /* $3: what to sort by and which way; the id makes the order total */
    [LIST] =
        "select " MODEL_COLUMNS ", null" MODEL_VERSION "   and ($2::text is null or v.status = $2)"
        " order by case $3 when 'created_at asc' then m.created_at end asc,"
        "          case $3 when 'created_at desc' then m.created_at end desc,"
        "          case $3 when 'name asc' then m.name collate \"C\" end asc,"
        "          case $3 when 'name desc' then m.name collate \"C\" end desc,"
        "          m.id desc limit $4::int offset $5::int",
    [COUNT_ALL] = "select count(*)" MODEL_VERSION " and ($2::text is null or v.status = $2)",
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
    model->intent = pg_text(rows, row, at++);
    model->tags = pg_text(rows, row, at++);
    model->dataset_id = pg_text(rows, row, at++);
    model->input_schema = pg_text(rows, row, at++);
    model->output_schema = pg_text(rows, row, at++);
    model->created_by = pg_text(rows, row, at++);
    model->created_at = pg_text(rows, row, at++);
    model->updated_at = pg_text(rows, row, at++);
    model->version = (int)pg_int(rows, row, at++);
    model->status =
        (enum version_status)state_from_word(MACHINE_VERSION, pg_text_or_empty(rows, row, at++));
    model->report = pg_text(rows, row, at);
}

void model_clear(struct model *model)
{
    pg_rows_free(model->rows);
    *model = (struct model){0};
}

bool models_find(struct pg *db, const char *account, const char *name, struct model *model,
                 struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[FIND], PG_VALUES(account, name), err);

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        pg_rows_free(rows);
        return error_set(err, ERROR_NOT_FOUND, "no model is named %.100s", name);
    }
    model_read(rows, 0, model);
    model->rows = rows;
    return true;
}

struct pg_rows *models_list(struct pg *db, const struct models_filter *filter, int64_t *total,
                            struct error *err)
{
    char order[32];
    struct pg_rows *rows =
        pg_query(db, SQL[COUNT_ALL], PG_VALUES(filter->account, filter->status), err);

    if (rows == NULL)
        return NULL;
    *total = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    snprintf(order, sizeof order, "%.16s %s", filter->sort_by, filter->ascending ? "asc" : "desc");
    return pg_query(db, SQL[LIST],
                    PG_VALUES(filter->account, filter->status, order, pg_number(filter->limit).text,
                              pg_number(filter->offset).text),
                    err);
}
