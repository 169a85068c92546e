/*
 * upkeep.h - what a process does for the database now and then: it writes down how much its keys
 * were used, every 5 seconds and at the end, and once a minute deletes what nobody needs any more
 * (counts of use after 31 days, answers of an Idempotency-Key after 24 hours).
 *
 * So no request waits for that. Counts that could not be written are kept for the next time; a
 * process that is killed loses those of its last seconds.
 */
#ifndef TRAINYARD_API_UPKEEP_H
#define TRAINYARD_API_UPKEEP_H

#include "infra/base/error.h"

struct key_cache;
struct pg_pool;
struct upkeep;

/* Starts the thread; borrows pool and keys. NULL on failure: ERROR_NO_MEMORY. */
MUST_CHECK struct upkeep *upkeep_new(struct pg_pool *pool, struct key_cache *keys,
                                     struct error *err);

/* Writes what is left and stops. NULL is allowed. */
void upkeep_free(struct upkeep *upkeep);

#endif
