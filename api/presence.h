/*
 * presence.h - tells the database every few seconds that this process lives.
 */
#ifndef TRAINYARD_API_PRESENCE_H
#define TRAINYARD_API_PRESENCE_H

#include "infra/base/error.h"

struct pg_pool;
struct presence;

/* Starts a thread; borrows pool and instance_id. NULL on failure: ERROR_NO_MEMORY. */
MUST_CHECK struct presence *presence_new(struct pg_pool *pool, const char *instance_id,
                                         struct error *err);

/* Signs off and stops the thread. NULL is allowed. */
void presence_free(struct presence *presence);

#endif
