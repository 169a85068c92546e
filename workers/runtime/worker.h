/*
 * worker.h - a worker process: its pools, and what they share.
 *
 * main (or a test, with handlers of its own) makes one, waits for a signal, and stops it.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_WORKER_H
#define TRAINYARD_WORKERS_RUNTIME_WORKER_H

#include "workers/runtime/handler.h"
#include "workers/runtime/options.h"

struct metrics;
struct pg_pool;
struct worker;

/*
 * Starts a pool for each handler, in the order given. Borrows options, db, handlers and metrics,
 * which must outlive the result. NULL on failure.
 */
MUST_CHECK struct worker *worker_new(const struct runtime_options *options, struct pg_pool *db,
                                     const struct handler *handlers, size_t handlers_count,
                                     struct metrics *metrics, struct error *err);

/* Whether it can do its work, for /readyz. */
bool worker_is_well(struct worker *worker, struct error *err);

/*
 * Stops claiming, lets running jobs end for grace_ms, hands the rest back, writes all that is to be
 * written, and frees the worker. A run that does not end costs at most 15 s more: then the process
 * is ended, and its leases run out. NULL is allowed.
 */
void worker_stop(struct worker *worker, int64_t grace_ms);

#endif
