/* outbox.c - see outbox.h. */
#include "infra/store/outbox.h"

enum { INSERT, TAKE, DELETE, DEPTH };

static const char *const SQL[] = {
    [INSERT] = "insert into outbox (topic, key, value, headers, taken_until) values ($1, $2, $3,"
               "  '{\"content-type\":\"application/json\",\"schema\":\"1\"}', clock_timestamp()) "
               "returning id",
    [TAKE] = "update outbox o set taken_until = clock_timestamp() + interval '35 s' from ("
             "  select id from outbox where taken_until <= clock_timestamp()"
             "   order by id limit $1::int for update skip locked) free"
             " where o.id = free.id returning o.id, o.topic, o.key, o.value, o.headers",
    [DELETE] = "delete from outbox where id = any ($1::bigint[])",
    /* a row is taken for 35 s when it is made, and at each try after that */
    [DEPTH] = "select count(*), coalesce(extract(epoch from clock_timestamp() - min(taken_until)) "
              "+ 35, 0) from outbox",
};
const struct pg_sql outbox_sql = PG_SQL(SQL);

static void add_ids(struct buffer *array, const int64_t *ids, size_t count)
{
    buffer_add_char(array, '{');
    for (size_t at = 0; at < count; at++)
        buffer_printf(array, at == 0 ? "%lld" : ",%lld", (long long)ids[at]);
    buffer_add_char(array, '}');
}

bool outbox_insert(struct pg *db, const char *topic, const char *key, const char *value,
                   int64_t *id, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[INSERT], PG_VALUES(topic, key, value), err);

    if (rows == NULL)
        return false;
    *id = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    return true;
}

struct pg_rows *outbox_take(struct pg *db, int most, struct error *err)
{
    return pg_query(db, SQL[TAKE], PG_VALUES(pg_number(most).text), err);
}

bool outbox_delete(struct pg *db, const int64_t *ids, size_t count, struct error *err)
{
    struct buffer array = {0};
    bool ok;

    add_ids(&array, ids, count);
    ok = array.failed ? error_no_memory(err) : pg_exec(db, SQL[DELETE], PG_VALUES(array.data), err);
    buffer_clear(&array);
    return ok;
}

bool outbox_depth(struct pg *db, int64_t *rows, double *oldest_s, struct error *err)
{
    struct pg_rows *depth = pg_query(db, SQL[DEPTH], PG_NONE, err);

    if (depth == NULL)
        return false;
    *rows = pg_int(depth, 0, 0);
    *oldest_s = pg_double(depth, 0, 1);
    pg_rows_free(depth);
    return true;
}
