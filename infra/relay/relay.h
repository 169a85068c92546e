/*
 * relay.h - brings events and states from the database to Kafka, in order.
 *
 * Of all processes one does it, by a lease row; it publishes by ascending id, waits for Kafka, and
 * deletes. So per entity, after dropping revisions already passed, consumers see 1, 2, 3 ...
 * without a gap. A process that takes over first repeats the current state of what changed in the
 * last 10 minutes. Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_RELAY_RELAY_H
#define TRAINYARD_INFRA_RELAY_RELAY_H

#include "infra/base/error.h"
#include "infra/kafka/settings.h"

struct metrics;
struct pg_pool;
struct relay;

/*
 * Starts the relay's threads. owner is the id of this process. Borrows all it is given, which must
 * outlive the result. NULL on failure. Free with relay_free().
 */
MUST_CHECK struct relay *relay_new(struct pg_pool *db, const char *database_url,
                                   const struct kafka_settings *kafka, const char *owner,
                                   struct metrics *metrics, struct error *err);

/* Gives the lease up and stops. NULL is allowed. */
void relay_free(struct relay *relay);

/*
 * Says that something was committed that has events. If this process is the relay it goes to work
 * at once; else the one that is is told, at most once every 50 ms. Never waits.
 */
void relay_wake(struct relay *relay);

#endif
