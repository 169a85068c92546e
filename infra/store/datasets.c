/* datasets.c - see datasets.h. */
#include "infra/store/datasets.h"

#include <stdio.h>

enum { VERSIONS, USERS, LOCK, JOBS, DELETE };

static const char *const SQL[] = {
    [VERSIONS] =
        "select * from ("
        "  select row_number() over (order by created_at, id) as version, id, iso(created_at),"
        "         status, json_array_length(files),"
        "         (select sum((f.file->>'size_bytes')::bigint)"
        "            from json_array_elements(files) as f(file))"
        "    from uploads where account = $1 and name = $2) v"
        " where status <> 'deleted' order by version desc",
    [USERS] = "select m.name, v.version from versions v join models m on m.id = v.model_id"
              " where v.account = $1 and v.dataset_id = $2 and v.status <> 'DELETED'"
              "   and m.deleted_at is null order by v.created_at, v.id",
    [LOCK] = "select id from uploads where account = $1 and id = $2 and status <> 'deleted'"
             "   for update",
    /* Whatever kind of job it is: its message names the upload, whose id is like nothing else. */
    [JOBS] = "select id, count(*) over () from jobs"
             " where account = $1 and completed_at is null and position($2 in message) > 0"
             " order by seq limit 1",
    [DELETE] = "update uploads set status = 'deleted', revision = revision + 1,"
               "       updated_at = clock_timestamp()"
               " where account = $1 and id = $2 returning iso(updated_at)",
};
const struct pg_sql datasets_sql = PG_SQL(SQL);

struct pg_rows *datasets_versions(struct pg *db, const char *account, const char *name,
                                  struct error *err)
{
    return pg_query(db, SQL[VERSIONS], PG_VALUES(account, name), err);
}

struct pg_rows *datasets_users(struct pg *db, const char *account, const char *upload_id,
                               struct error *err)
{
    return pg_query(db, SQL[USERS], PG_VALUES(account, upload_id), err);
}

static bool lock(struct pg *db, const char *account, const char *upload_id, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[LOCK], PG_VALUES(account, upload_id), err);
    bool found = pg_rows_count(rows) == 1;

    pg_rows_free(rows);
    return found ||
           (rows == NULL ? false
                         : error_set(err, ERROR_NOT_FOUND, "no upload is named %.100s", upload_id));
}

static bool no_model_uses_it(struct pg *db, const char *account, const char *upload_id,
                             struct error *err)
{
    struct pg_rows *rows = datasets_users(db, account, upload_id, err);
    size_t count;

    if (rows == NULL)
        return false;
    count = pg_rows_count(rows);
    if (count > 0)
        error_set(err, ERROR_CONFLICT,
                  "the upload is used by %zu model version%s (%.80s:v%lld.0%s): delete the model%s "
                  "first",
                  count, count == 1 ? "" : "s", pg_text_or_empty(rows, 0, 0),
                  (long long)pg_int(rows, 0, 1), count == 1 ? "" : " among them",
                  count == 1 ? "" : "s");
    pg_rows_free(rows);
    return count == 0;
}

static bool no_job_needs_it(struct pg *db, const char *account, const char *upload_id,
                            struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[JOBS], PG_VALUES(account, upload_id), err);
    size_t count;

    if (rows == NULL)
        return false;
    count = pg_rows_count(rows);
    if (count > 0)
        error_set(err, ERROR_CONFLICT,
                  "the upload is needed by %lld job%s that did not end yet (%.60s): wait for their "
                  "end, or cancel them",
                  (long long)pg_int(rows, 0, 1), pg_int(rows, 0, 1) == 1 ? "" : "s",
                  pg_text_or_empty(rows, 0, 0));
    pg_rows_free(rows);
    return count == 0;
}

bool datasets_delete(struct pg *db, const char *account, const char *upload_id,
                     char deleted_at[static DATASET_TIME_BYTES], struct error *err)
{
    struct pg_rows *rows;

    if (!lock(db, account, upload_id, err) || !no_model_uses_it(db, account, upload_id, err) ||
        !no_job_needs_it(db, account, upload_id, err))
        return false;
    rows = pg_query(db, SQL[DELETE], PG_VALUES(account, upload_id), err);
    if (rows == NULL)
        return false;
    snprintf(deleted_at, DATASET_TIME_BYTES, "%s", pg_text_or_empty(rows, 0, 0));
    pg_rows_free(rows);
    return true;
}
