/* slots.c - a slot of a pool: a thread that runs one claimed job after the other. */
#include "workers/runtime/pool_private.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/metrics/metrics.h"
#include "infra/relay/relay.h"
#include "workers/runtime/finisher.h"
#include "workers/runtime/runs.h"

#include <stdlib.h>

static struct run *take_run(struct pool *pool)
{
    struct claimed *claimed;
    struct run *run = NULL;

    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->slots_end)
        pthread_cond_wait(&pool->filled, &pool->lock);
    claimed = pool->first;
    if (claimed != NULL) {
        pool->first = claimed->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
        run = claimed->run;
        free(claimed);
    }
    pthread_mutex_unlock(&pool->lock);
    return run;
}

static void free_slot(struct pool *pool, bool has_finished)
{
    pthread_mutex_lock(&pool->lock);
    if (has_finished)
        pool->freed = true;
    else
        pool->busy--;
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

/* On the finisher's thread: the finish is written, the key and the account's place are free. */
static void on_finished(void *owner, struct run *run, const struct outcome *outcome, bool took)
{
    static const char *const COUNTERS[] = {[OUTCOME_COMPLETED] = "trainyard_jobs_completed_total",
                                           [OUTCOME_FAILED] = "trainyard_jobs_failed_total",
                                           [OUTCOME_RETRY] = "trainyard_jobs_retried_total",
                                           [OUTCOME_CANCELLED] = "trainyard_jobs_cancelled_total",
                                           [OUTCOME_BACK] = "trainyard_jobs_handed_back_total"};
    struct pool *pool = owner;

    if (!took)
        log_warning("a finish came too late: another worker has the job",
                    log_str("job", run_job(run)->id), log_int("run", run_job(run)->run));
    metrics_count(pool->services.metrics,
                  took ? COUNTERS[outcome->kind] : "trainyard_leases_lost_total", pool->labels, 1);
    relay_wake(pool->services.relay);
    runs_remove(pool->services.runs, run);
    run_free(run);
    free_slot(pool, true);
}

/* Tells the job's log why it goes no further. */
static void log_ending(struct run *run, const struct outcome *outcome)
{
    if (outcome->kind == OUTCOME_FAILED)
        run_log(run, "ERROR", "%s", outcome->err.message);
    else if (outcome->kind == OUTCOME_RETRY)
        run_log(run, "WARNING", "%s (trying again in %.1f s, unless this was the last attempt)",
                outcome->err.message, outcome->wait_s);
    else if (outcome->kind == OUTCOME_CANCELLED)
        run_log(run, "WARNING", "cancelled");
    else if (outcome->kind == OUTCOME_BACK)
        run_log(run, "WARNING",
                "this worker stops: the job is handed back and starts again elsewhere");
}

static void run_one(struct pool *pool, struct run *run)
{
    struct error err = {0};
    int64_t start_ms = clock_monotonic_ms();
    bool ok;
    struct outcome outcome;
    int lines;

    ok = pool->handler->run(run, pool->handler->context, &err);
    outcome = outcome_of(run, ok, &err);
    if (run_stop_reason(run) != RUN_LOST)
        log_ending(run, &outcome);
    if (outcome.err.code != ERROR_NONE)
        log_failure("a run ended without success", &outcome.err, log_str("job", run_job(run)->id),
                    log_int("run", run_job(run)->run));
    lines = run_log_close(run);
    metrics_observe(pool->services.metrics, "trainyard_job_seconds", pool->labels,
                    (double)(clock_monotonic_ms() - start_ms) / 1000);
    if (run_stop_reason(run) == RUN_LOST)
        on_finished(pool, run, &outcome, false);
    else
        finisher_add(pool->services.finisher, run, &outcome, lines, on_finished, pool);
    free_slot(pool, false);
}

void *pool_slot(void *context)
{
    struct pool *pool = context;
    struct run *run;

    while ((run = take_run(pool)) != NULL)
        run_one(pool, run);
    return NULL;
}
