/* worker.c - see worker.h. */
#include "workers/runtime/worker.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pool.h"
#include "infra/relay/publisher.h"
#include "infra/relay/relay.h"
#include "workers/runtime/finisher.h"
#include "workers/runtime/heartbeat.h"
#include "workers/runtime/joblog.h"
#include "workers/runtime/pool.h"
#include "workers/runtime/runs.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { POOLS_MOST = 8, HAND_BACK_MS = 15000, LOOK_MS = 20 };

struct worker {
    const struct runtime_options *options;
    struct publisher *publisher; /* sweeps what a dead process left in the outbox */
    struct relay *relay;
    struct joblog *joblog;
    struct runs *runs;
    struct finisher *finisher;
    struct heartbeat *heartbeat;
    struct pool *pools[POOLS_MOST];
    size_t pools_count;
};

static bool start(struct worker *worker, struct pg_pool *db, const struct handler *handlers,
                  size_t handlers_count, struct metrics *metrics, struct error *err)
{
    const struct runtime_options *options = worker->options;
    struct pool_services services = {.options = options, .db = db, .metrics = metrics};

    worker->publisher = publisher_new(db, &options->kafka, metrics, err);
    worker->relay = worker->publisher == NULL
                        ? NULL
                        : relay_new(db, options->database_url, &options->kafka,
                                    options->instance_id, metrics, err);
    services.relay = worker->relay;
    worker->joblog = worker->relay == NULL ? NULL : joblog_new(db, &options->kafka, err);
    services.joblog = worker->joblog;
    worker->runs = worker->joblog == NULL ? NULL : runs_new(err);
    services.runs = worker->runs;
    worker->finisher = worker->runs == NULL ? NULL : finisher_new(db, err);
    services.finisher = worker->finisher;
    if (worker->finisher != NULL)
        worker->heartbeat = heartbeat_new(options, worker->runs, worker->relay, metrics, err);
    if (worker->heartbeat == NULL)
        return false;
    for (; worker->pools_count < handlers_count; worker->pools_count++) {
        struct pool *pool = pool_new(&services, &handlers[worker->pools_count], err);

        if (pool == NULL)
            return false;
        worker->pools[worker->pools_count] = pool;
    }
    return true;
}

struct worker *worker_new(const struct runtime_options *options, struct pg_pool *db,
                          const struct handler *handlers, size_t handlers_count,
                          struct metrics *metrics, struct error *err)
{
    struct worker *worker = calloc(1, sizeof *worker);

    if (worker == NULL) {
        error_no_memory(err);
        return NULL;
    }
    worker->options = options;
    if (handlers_count > POOLS_MOST || !start(worker, db, handlers, handlers_count, metrics, err)) {
        worker_stop(worker, 0);
        return NULL;
    }
    return worker;
}

bool worker_is_well(struct worker *worker, struct error *err)
{
    return heartbeat_is_well(worker->heartbeat, err);
}

static size_t running(struct worker *worker)
{
    size_t count = 0;

    for (size_t at = 0; at < worker->pools_count; at++)
        count += pool_running(worker->pools[at]);
    return count;
}

/* Whether all runs ended within timeout_ms. */
static bool wait_for_runs(struct worker *worker, int64_t timeout_ms)
{
    static const struct timespec PAUSE = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    while (running(worker) > 0) {
        if (clock_monotonic_ms() >= deadline)
            return false;
        nanosleep(&PAUSE, NULL);
    }
    return true;
}

void worker_stop(struct worker *worker, int64_t grace_ms)
{
    if (worker == NULL)
        return;
    for (size_t at = 0; at < worker->pools_count; at++)
        pool_drain(worker->pools[at]);
    if (!wait_for_runs(worker, grace_ms)) {
        log_info("the grace time is over: running jobs are handed back",
                 log_int("runs", (int64_t)running(worker)));
        runs_stop_all(worker->runs, RUN_DRAINED);
        if (!wait_for_runs(worker, HAND_BACK_MS)) {
            log_error("jobs do not end: the process ends without them, and their leases run out");
            _exit(1);
        }
    }
    finisher_free(worker->finisher);
    for (size_t at = 0; at < worker->pools_count; at++)
        pool_free(worker->pools[at]);
    heartbeat_free(worker->heartbeat);
    runs_free(worker->runs);
    joblog_free(worker->joblog);
    relay_free(worker->relay);
    publisher_free(worker->publisher);
    free(worker);
}
