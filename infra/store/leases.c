/* leases.c - see leases.h. */
#include "infra/store/leases.h"

enum { RENEW, CANCELLED, REAP, PROGRESS };

static const char *const SQL[] = {
    [RENEW] = "with mine as ("
              "  update leases set until = clock_timestamp() + make_interval(secs => $2::int)"
              "   where owner = $1 returning job_id, run)"
              "select mine.job_id, mine.run, j.status = 'CANCELLING' from mine join jobs j on j.id "
              "= mine.job_id",
    [CANCELLED] = "select l.job_id, l.run from leases l join jobs j on j.id = l.job_id"
                  " where l.owner = $1 and j.status = 'CANCELLING'",
    [REAP] = "select job_id, status from reap_leases($1::int)",
    [PROGRESS] =
        "update leases l set progress = i.progress, stage = i.stage"
        "  from json_to_recordset($1::json) as i(id text, run int, progress int, stage text)"
        " where l.job_id = i.id and l.run = i.run",
};
const struct pg_sql leases_sql = PG_SQL(SQL);

struct pg_rows *leases_renew(struct pg *db, const char *owner, int lease_s, struct error *err)
{
    return pg_query(db, SQL[RENEW], PG_VALUES(owner, pg_number(lease_s).text), err);
}

struct pg_rows *leases_cancelled(struct pg *db, const char *owner, struct error *err)
{
    return pg_query(db, SQL[CANCELLED], PG_VALUES(owner), err);
}

struct pg_rows *leases_reap(struct pg *db, int most, struct error *err)
{
    return pg_query(db, SQL[REAP], PG_VALUES(pg_number(most).text), err);
}

bool leases_progress(struct pg *db, const char *items, struct error *err)
{
    return pg_exec(db, SQL[PROGRESS], PG_VALUES(items), err);
}
