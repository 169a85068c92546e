/* accounts.c - see accounts.h. */
#include "infra/store/accounts.h"

#include <stdio.h>

enum { CREATE, CREATE_IF_NEW, FIND, SET_PLAN };

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
