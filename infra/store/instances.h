/*
 * instances.h - the processes that live, by their own word.
 */
#ifndef TRAINYARD_INFRA_STORE_INSTANCES_H
#define TRAINYARD_INFRA_STORE_INSTANCES_H

#include "infra/postgres/pg.h"

extern const struct pg_sql instances_sql;

/* Says that an instance lives, and which pools it serves. kind is api or worker. */
MUST_CHECK bool instances_heartbeat(struct pg *db, const char *id, const char *kind,
                                    const char *const *pools, size_t pools_count,
                                    struct error *err);

/* Takes an instance off the list, and those not seen for a day. */
MUST_CHECK bool instances_leave(struct pg *db, const char *id, struct error *err);

/* Whether an instance that serves the pool was seen within the last within_s seconds. */
MUST_CHECK bool instances_pool_seen(struct pg *db, const char *pool, int within_s, bool *seen,
                                    struct error *err);

#endif
