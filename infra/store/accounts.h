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

#endif
