/*
 * settings.h - what all processes on one database must agree on.
 */
#ifndef TRAINYARD_INFRA_STORE_SETTINGS_H
#define TRAINYARD_INFRA_STORE_SETTINGS_H

#include "infra/postgres/pg.h"

extern const struct pg_sql settings_sql;

/* A setting's value, cut at size. ERROR_INTERNAL when there is none of that name. */
MUST_CHECK bool settings_get(struct pg *db, const char *name, char *value, size_t size,
                             struct error *err);

/*
 * Says which blob store this process uses. The first one decides; ERROR_CONFLICT when this is
 * another: a process that wrote elsewhere would lose what others look for.
 */
MUST_CHECK bool settings_join_blob_store(struct pg *db, const char *id, struct error *err);

#endif
