/* instances.c - see instances.h. */
#include "infra/store/instances.h"

enum { HEARTBEAT, LEAVE, POOL_SEEN };

static const char *const SQL[] = {
    [HEARTBEAT] = "insert into instances (id, kind, pools) values ($1, $2, $3::text[])"
                  "on conflict (id) do update set seen_at = clock_timestamp()",
    [LEAVE] =
        "delete from instances where id = $1 or seen_at < clock_timestamp() - interval '1 day'",
    [POOL_SEEN] = "select exists (select from instances where $1 = any (pools)"
                  "  and seen_at > clock_timestamp() - make_interval(secs => $2::int))",
};
const struct pg_sql instances_sql = PG_SQL(SQL);

bool instances_heartbeat(struct pg *db, const char *id, const char *kind, const char *const *pools,
                         size_t pools_count, struct error *err)
{
    struct buffer array = {0};
    bool ok;

    pg_array(&array, pools, pools_count);
    ok = array.failed ? error_no_memory(err)
                      : pg_exec(db, SQL[HEARTBEAT], PG_VALUES(id, kind, array.data), err);
    buffer_clear(&array);
    return ok;
}

bool instances_leave(struct pg *db, const char *id, struct error *err)
{
    return pg_exec(db, SQL[LEAVE], PG_VALUES(id), err);
}

bool instances_pool_seen(struct pg *db, const char *pool, int within_s, bool *seen,
                         struct error *err)
{
    struct pg_rows *rows =
        pg_query(db, SQL[POOL_SEEN], PG_VALUES(pool, pg_number(within_s).text), err);

    if (rows == NULL)
        return false;
    *seen = pg_bool(rows, 0, 0);
    pg_rows_free(rows);
    return true;
}
