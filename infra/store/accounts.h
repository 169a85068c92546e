/*
 * accounts.h - who the models, data and keys belong to.
 */
#ifndef TRAINYARD_INFRA_STORE_ACCOUNTS_H
#define TRAINYARD_INFRA_STORE_ACCOUNTS_H

#include "infra/base/ids.h"
#include "infra/postgres/pg.h"

extern const struct pg_sql accounts_sql;

/* Makes an account with its limits. ERROR_CONFLICT when the name is taken. */
MUST_CHECK bool accounts_create(struct pg *db, const char *id, const char *name, struct error *err);

/* The account of a name, made if it is new; *id gets its id. */
MUST_CHECK bool accounts_find_or_create(struct pg *db, const char *name, struct id *id,
                                        struct error *err);

/* Changes the plan (basic, pro or unlimited) of the account with this name: its keys count as
 * changed, so APIs see it within a second. ERROR_NOT_FOUND. */
MUST_CHECK bool accounts_set_plan(struct pg *db, const char *name, const char *plan,
                                  struct error *err);

/* What an account is, and what it used since the first of this month (UTC). */
struct account_use {
    const char *id;
    const char *name;
    const char *plan;
    const char *since;      /* RFC 3339 */
    const char *created_at; /* the same */
    int64_t requests;
    int64_t predictions;
    int64_t builds;
    int64_t batches;
    int64_t models; /* these two: now */
    int64_t storage_bytes;
    struct pg_rows *rows; /* owned */
};

/* ERROR_NOT_FOUND. Clear with account_use_clear(). */
MUST_CHECK bool accounts_use(struct pg *db, const char *id, struct account_use *use,
                             struct error *err);
void account_use_clear(struct account_use *use);

#endif
