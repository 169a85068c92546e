/*
 * replica_keeper.h - holds the replicas that were placed on this instance: opens their versions,
 * keeps them open, warms them, and says so.
 *
 * A thread asks twice a second what is to be held, and every two seconds mends what dead instances
 * left (place_replicas() in schemas/sql). The functions may be called from any thread.
 */
#ifndef TRAINYARD_API_REPLICA_KEEPER_H
#define TRAINYARD_API_REPLICA_KEEPER_H

#include "infra/base/error.h"

#include <stddef.h>

struct replica_keeper;
struct services;

/*
 * Starts the thread. Borrows services, of which it uses db, models, metrics and instance_id. NULL
 * on failure: ERROR_NO_MEMORY. Free with replica_keeper_free(), before the model cache.
 */
MUST_CHECK struct replica_keeper *replica_keeper_new(struct services *services, struct error *err);

/* Stops the thread and lets go of all it holds. NULL is allowed. */
void replica_keeper_free(struct replica_keeper *keeper);

#endif
