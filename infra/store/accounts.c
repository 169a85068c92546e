/* accounts.c - see accounts.h. */
#include "infra/store/accounts.h"

#include <stdio.h>

enum { CREATE, CREATE_IF_NEW, FIND, SET_PLAN, USE };

/* How many jobs of a pool an account may run at once, to begin with. */
#define LIMITS                                                                                     \
    "(values ('build', 2), ('retrain', 2), ('deploy', 4), ('predict', 32)) as l (pool, most)"

static const char *const SQL[] = {
    [CREATE] = "with account as (insert into accounts (id, name) values ($1, $2) returning id)"
               "insert into limits (account, pool, max_running) select account.id, l.pool, l.most "
               "from account, " LIMITS,
    [CREATE_IF_NEW] = "with account as (insert into accounts (id, name) values ($1, $2) on "
                      "conflict do nothing returning id)"
                      "insert into limits (account, pool, max_running) select account.id, l.pool, "
                      "l.most from account, " LIMITS,
    [FIND] = "select id from accounts where name = $1",
    [SET_PLAN] = "with changed as (update accounts set plan = $2 where name = $1 returning id),"
                 "told as (update keys k set changed_at = clock_timestamp() from changed c"
                 "  where k.account = c.id)"
                 "select id from changed",
    [USE] = "select a.id, a.name, a.plan, iso(m.since), iso(a.created_at), u.requests,"
            "       u.predictions, j.builds, j.batches,"
            "       (select count(*) from models where account = a.id and deleted_at is null),"
            "       (select coalesce(sum((f ->> 'size_bytes')::bigint), 0)"
            "          from uploads p, json_array_elements(p.files) f"
            "         where p.account = a.id and p.status <> 'deleted')"
            "  from accounts a"
            "  cross join (select date_trunc('month', now() at time zone 'utc')"
            "                       at time zone 'utc' as since) m"
            "  cross join lateral (select coalesce(sum(y.requests), 0) as requests,"
            "                             coalesce(sum(y.predictions), 0) as predictions"
            "    from keys k join key_usage y on y.key_id = k.id"
            "   where k.account = a.id and y.hour >= m.since) u"
            "  cross join lateral (select"
            "      count(*) filter (where x.kind in ('model_build', 'model_retrain')) as builds,"
            "      count(*) filter (where x.kind = 'model_predict') as batches"
            "    from jobs x where x.account = a.id and x.created_at >= m.since) j"
            " where a.id = $1",
};
const struct pg_sql accounts_sql = PG_SQL(SQL);

bool accounts_create(struct pg *db, const char *id, const char *name, struct error *err)
{
    if (pg_exec(db, SQL[CREATE], PG_VALUES(id, name), err))
        return true;
    if (err->code == ERROR_CONFLICT)
        error_set(err, ERROR_CONFLICT, "an account is named %.100s already", name);
    return false;
}

bool accounts_find_or_create(struct pg *db, const char *name, struct id *id, struct error *err)
{
    struct id fresh = id_new("user");
    struct pg_rows *rows;

    if (!pg_exec(db, SQL[CREATE_IF_NEW], PG_VALUES(fresh.text, name), err))
        return false;
    rows = pg_query(db, SQL[FIND], PG_VALUES(name), err);
    if (rows == NULL)
        return false;
    snprintf(id->text, sizeof id->text, "%s", pg_text_or_empty(rows, 0, 0));
    pg_rows_free(rows);
    return true;
}

bool accounts_set_plan(struct pg *db, const char *name, const char *plan, struct error *err)
{
    size_t changed = 0;

    return pg_exec_count(db, SQL[SET_PLAN], PG_VALUES(name, plan), &changed, err) &&
           (changed > 0 || error_set(err, ERROR_NOT_FOUND, "no account is named %.100s", name));
}

bool accounts_use(struct pg *db, const char *id, struct account_use *use, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[USE], PG_VALUES(id), err);
    int at = 0;

    *use = (struct account_use){.rows = rows};
    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        account_use_clear(use);
        return error_set(err, ERROR_NOT_FOUND, "there is no such account");
    }
    use->id = pg_text(rows, 0, at++);
    use->name = pg_text(rows, 0, at++);
    use->plan = pg_text(rows, 0, at++);
    use->since = pg_text(rows, 0, at++);
    use->created_at = pg_text(rows, 0, at++);
    use->requests = pg_int(rows, 0, at++);
    use->predictions = pg_int(rows, 0, at++);
    use->builds = pg_int(rows, 0, at++);
    use->batches = pg_int(rows, 0, at++);
    use->models = pg_int(rows, 0, at++);
    use->storage_bytes = pg_int(rows, 0, at);
    return true;
}

void account_use_clear(struct account_use *use)
{
    pg_rows_free(use->rows);
    *use = (struct account_use){0};
}
