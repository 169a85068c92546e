/* events.c - see events.h. */
#include "infra/store/events.h"

enum { HOLD, RELEASE, READ, DELETE, REPEAT, NOTIFY };

static const char *const SQL[] = {
    [HOLD] =
        "with before as (select owner from relay for update)"
        "update relay set owner = $1, until = clock_timestamp() + make_interval(secs => $2::int)"
        "  from before where relay.owner = $1 or relay.until < clock_timestamp()"
        " returning before.owner <> $1",
    [RELEASE] = "update relay set owner = '', until = '-infinity' where owner = $1",
    [READ] =
        "select id, kind, entity, revision, type, account, subject, data, to_char(at at time zone "
        "'utc',"
        "       'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), data::json->>'traceparent' from "
        "events_outbox "
        "order by id limit $1::int",
    [DELETE] = "delete from events_outbox where id = any ($2::bigint[])"
               "   and exists (select from relay where owner = $1 and until > clock_timestamp())",
    [REPEAT] = "select repeat_events()",
    [NOTIFY] = "select pg_notify('" EVENTS_CHANNEL "', '')",
};
const struct pg_sql events_sql = PG_SQL(SQL);

bool events_hold(struct pg *db, const char *owner, int lease_s, bool *held, bool *fresh,
                 struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[HOLD], PG_VALUES(owner, pg_number(lease_s).text), err);

    if (rows == NULL)
        return false;
    *held = pg_rows_count(rows) > 0;
    *fresh = *held && pg_bool(rows, 0, 0);
    pg_rows_free(rows);
    return true;
}

bool events_release(struct pg *db, const char *owner, struct error *err)
{
    return pg_exec(db, SQL[RELEASE], PG_VALUES(owner), err);
}

struct pg_rows *events_read(struct pg *db, int most, struct error *err)
{
    return pg_query(db, SQL[READ], PG_VALUES(pg_number(most).text), err);
}

bool events_delete(struct pg *db, const char *owner, const char *ids, struct error *err)
{
    return pg_exec(db, SQL[DELETE], PG_VALUES(owner, ids), err);
}

bool events_repeat(struct pg *db, struct error *err)
{
    return pg_exec(db, SQL[REPEAT], PG_NONE, err);
}

bool events_notify(struct pg *db, struct error *err)
{
    return pg_exec(db, SQL[NOTIFY], PG_NONE, err);
}
