/*
 * pool.h - one pool of jobs: brings them in, claims them, runs them.
 *
 * A poll thread reads the topic into the ready list; a dispatcher claims from that list and from
 * what waits in PostgreSQL, as many as there are free slots; each slot is a thread that runs one
 * job at a time. Every function may be called from any thread.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_POOL_H
#define TRAINYARD_WORKERS_RUNTIME_POOL_H

#include "workers/runtime/handler.h"
#include "workers/runtime/options.h"

struct finisher;
struct joblog;
struct metrics;
struct pg_pool;
struct pool;
struct relay;
struct runs;

/* What a pool works with; borrowed, must outlive it. */
struct pool_services {
    const struct runtime_options *options;
    struct pg_pool *db;
    struct joblog *joblog;
    struct runs *runs;
    struct finisher *finisher;
    struct relay *relay;
    struct metrics *metrics;
};

/* Starts the pool's threads. handler must outlive the result. NULL on failure. */
MUST_CHECK struct pool *pool_new(const struct pool_services *services,
                                 const struct handler *handler, struct error *err);

/* Stops bringing in and claiming jobs; what runs goes on. Returns when nothing more can start. */
void pool_drain(struct pool *pool);

/* How many jobs are claimed and not yet handed to the finisher. */
size_t pool_running(struct pool *pool);

/* Waits for the slots to end and frees the pool. The finisher must have ended. NULL is allowed. */
void pool_free(struct pool *pool);

#endif
