/*
 * heartbeat.h - keeps the leases of this process alive, and takes back those of dead ones.
 *
 * One thread with a session of its own. Runs are told to stop only when the database says that
 * their lease is gone or their job is cancelled, never because it is silent. Leases of others are
 * reaped only after the database was within reach without a gap for a whole lease: otherwise an
 * outage would cost every running job.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_HEARTBEAT_H
#define TRAINYARD_WORKERS_RUNTIME_HEARTBEAT_H

#include "workers/runtime/options.h"
#include "workers/runtime/runs.h"

struct heartbeat;
struct metrics;
struct relay;

/* Borrows all it is given. NULL on failure. */
MUST_CHECK struct heartbeat *heartbeat_new(const struct runtime_options *options, struct runs *runs,
                                           struct relay *relay, struct metrics *metrics,
                                           struct error *err);

/* Stops the thread and takes this instance off the list of the living. */
void heartbeat_free(struct heartbeat *heartbeat);

/* Whether the database answered within the last 10 s, for /readyz. */
bool heartbeat_is_well(struct heartbeat *heartbeat, struct error *err);

#endif
