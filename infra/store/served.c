/* served.c - see served.h. */
#include "infra/store/served.h"

#include "infra/store/versions.h"

enum { FIND, DEPLOYMENT, CHANGES };

static const char *const SQL[] = {
    /* a row without a version: the model exists, the version does not */
    [FIND] = "select v.id, v.version, v.status, v.artifact_digest, v.output_schema is not null,"
             "       m.id, m.name"
             "  from models m"
             "  left join lateral ("
             "    select * from versions x"
             "     where x.model_id = m.id and x.status <> 'DELETED'"
             "       and ($3 = 'latest' or x.id = $3 or x.version = $4::int)"
             "     order by x.status = 'READY' desc, x.version desc limit 1) v on true"
             " where m.account = $1 and m.name = $2 and m.deleted_at is null",
    [DEPLOYMENT] = "select v.id, v.version, v.status, v.artifact_digest,"
                   "       v.output_schema is not null, m.id, m.name, d.status = 'FAILED',"
                   "       d.error_message"
                   "  from deployments d join versions v on v.id = d.version_id"
                   "  join models m on m.id = d.model_id"
                   " where d.account = $1 and d.id = $2 and m.deleted_at is null"
                   "   and d.status in ('DEPLOYING', 'ACTIVE', 'FAILED')",
    /* A statement may commit later than its clock said: 10 s of overlap see it. */
    [CHANGES] = "with told as ("
                "  select v.id, v.revision, v.account, m.name, v.updated_at"
                "    from versions v join models m on m.id = v.model_id"
                "   where $1 <> '' and v.updated_at > nullif($1, '')::timestamptz"
                "                                     - interval '10 s'"
                "  union all"
                "  select d.id, d.revision, d.account, d.id, d.updated_at from deployments d"
                "   where $1 <> '' and d.updated_at > nullif($1, '')::timestamptz"
                "                                     - interval '10 s')"
                "select told.id, told.revision, told.account, told.name, now.at"
                "  from (select greatest(clock_timestamp(),"
                "                        (select max(updated_at) from told)) as at) now"
                "  left join told on true",
};
const struct pg_sql served_sql = PG_SQL(SQL);

static void read_version(const struct pg_rows *rows, struct served *served)
{
    served->version_id = pg_text(rows, 0, 0);
    served->version = (int)pg_int(rows, 0, 1);
    served->status =
        (enum version_status)state_from_word(MACHINE_VERSION, pg_text_or_empty(rows, 0, 2));
    served->artifact_digest = pg_text(rows, 0, 3);
    served->has_output_schema = pg_bool(rows, 0, 4);
    served->model_id = pg_text(rows, 0, 5);
    served->model_name = pg_text(rows, 0, 6);
}

static bool read_row(struct pg_rows *rows, const char *model, const char *word,
                     struct served *served, struct error *err)
{
    if (pg_rows_count(rows) == 0)
        return error_set(err, ERROR_NOT_FOUND, "no model is named %.100s", model);
    if (pg_text(rows, 0, 0) == NULL)
        return error_set(err, ERROR_NOT_FOUND,
                         "model %.70s has no version %.50s: give one such as v1.0, or latest",
                         model, word);
    read_version(rows, served);
    return true;
}

bool served_find(struct pg *db, const char *account, const char *model, const char *word,
                 struct served *served, struct error *err)
{
    struct pg_number number = pg_number(version_number(word));

    *served = (struct served){0};
    served->rows = pg_query(db, SQL[FIND], PG_VALUES(account, model, word, number.text), err);
    if (served->rows == NULL)
        return false;
    if (read_row(served->rows, model, word, served, err))
        return true;
    served_clear(served);
    return false;
}

bool served_find_deployment(struct pg *db, const char *account, const char *deployment,
                            struct served *served, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[DEPLOYMENT], PG_VALUES(account, deployment), err);

    *served = (struct served){.rows = rows};
    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0)
        error_set(err, ERROR_NOT_FOUND, "there is no deployment %.100s", deployment);
    else if (pg_bool(rows, 0, 7))
        error_set(err, ERROR_CONFLICT, "the deployment FAILED (%.150s): deploy the model again",
                  pg_text_or_empty(rows, 0, 8));
    else {
        read_version(rows, served);
        return true;
    }
    served_clear(served);
    return false;
}

void served_clear(struct served *served)
{
    pg_rows_free(served->rows);
    *served = (struct served){0};
}

struct pg_rows *served_changes(struct pg *db, const char *since, struct error *err)
{
    return pg_query(db, SQL[CHANGES], PG_VALUES(since), err);
}
