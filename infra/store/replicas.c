/* replicas.c - see replicas.h. */
#include "infra/store/replicas.h"

#include <stdio.h>

enum { PLACE, EXISTS, REPLACE, MINE, WARM, TROUBLE, COUNT };

static const char *const SQL[] = {
    [PLACE] = "select status, wanted, warm, live, error from place_replicas($1)",
    [EXISTS] = "select exists (select from deployments where id = $1)",
    [REPLACE] = "select replace_replicas()",
    [MINE] = "select r.deployment_id, d.account, bool_and(r.state = 'warm')"
             "  from replicas r join deployments d on d.id = r.deployment_id"
             " where r.instance = $1 and d.status in ('DEPLOYING', 'ACTIVE')"
             " group by 1, 2 order by 1",
    [WARM] = "update replicas set state = 'warm', warm_at = clock_timestamp(), error = null"
             " where deployment_id = $2 and instance = $1 and state = 'placed'",
    [TROUBLE] = "update replicas set error = $3"
                " where deployment_id = $2 and instance = $1 and state = 'placed'"
                "   and error is distinct from $3",
    [COUNT] = "select coalesce(sum(replicas_wanted(d, l.live)), 0), coalesce(sum(r.warm), 0)"
              "  from deployments d"
              " cross join (select cardinality(live_instances()) as live) l"
              " cross join lateral (select count(*) as warm from replicas"
              "                      where deployment_id = d.id and state = 'warm') r"
              " where d.status in ('DEPLOYING', 'ACTIVE')",
};
const struct pg_sql replicas_sql = PG_SQL(SQL);

/* No row was placed: is somebody else at it, or is it gone? */
static bool look_if_busy(struct pg *db, const char *deployment, struct placement *placement,
                         struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[EXISTS], PG_VALUES(deployment), err);

    if (rows == NULL)
        return false;
    placement->busy = pg_bool(rows, 0, 0);
    pg_rows_free(rows);
    return placement->busy ||
           error_set(err, ERROR_NOT_FOUND, "there is no deployment %.100s", deployment);
}

bool replicas_place(struct pg *db, const char *deployment, struct placement *placement,
                    struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[PLACE], PG_VALUES(deployment), err);
    bool ok = rows != NULL;

    *placement = (struct placement){0};
    if (ok && pg_rows_count(rows) == 0) {
        ok = look_if_busy(db, deployment, placement, err);
    } else if (ok) {
        placement->status = (enum deployment_status)state_from_word(MACHINE_DEPLOYMENT,
                                                                    pg_text_or_empty(rows, 0, 0));
        placement->wanted = (int)pg_int(rows, 0, 1);
        placement->warm = (int)pg_int(rows, 0, 2);
        placement->live = (int)pg_int(rows, 0, 3);
        snprintf(placement->trouble, sizeof placement->trouble, "%s", pg_text_or_empty(rows, 0, 4));
    }
    pg_rows_free(rows);
    return ok;
}

bool replicas_replace(struct pg *db, int64_t *looked, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[REPLACE], PG_NONE, err);

    if (rows == NULL)
        return false;
    *looked = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    return true;
}

struct pg_rows *replicas_of(struct pg *db, const char *instance, struct error *err)
{
    return pg_query(db, SQL[MINE], PG_VALUES(instance), err);
}

bool replicas_warm(struct pg *db, const char *instance, const char *deployment, struct error *err)
{
    return pg_exec(db, SQL[WARM], PG_VALUES(instance, deployment), err);
}

bool replicas_trouble(struct pg *db, const char *instance, const char *deployment,
                      const char *trouble, struct error *err)
{
    return pg_exec(db, SQL[TROUBLE], PG_VALUES(instance, deployment, trouble), err);
}

bool replicas_count(struct pg *db, int64_t *wanted, int64_t *warm, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[COUNT], PG_NONE, err);

    if (rows == NULL)
        return false;
    *wanted = pg_int(rows, 0, 0);
    *warm = pg_int(rows, 0, 1);
    pg_rows_free(rows);
    return true;
}
