/*
 * migrations.h - brings a database to the schema that this program knows.
 */
#ifndef TRAINYARD_INFRA_STORE_MIGRATIONS_H
#define TRAINYARD_INFRA_STORE_MIGRATIONS_H

#include "infra/postgres/pg.h"

extern const struct pg_sql migrations_sql;

/*
 * Applies what is missing, each script in a transaction of its own, under a lock: safe when several
 * run at once. *applied (may be NULL) counts them. ERROR_CONFLICT when a script that was applied
 * has changed since, or the database is newer than the program.
 */
MUST_CHECK bool migrations_run(struct pg *db, int *applied, struct error *err);

#endif
