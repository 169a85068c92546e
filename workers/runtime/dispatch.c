/*
 * dispatch.c - the dispatcher of a pool: claims as many jobs as there are free slots, up to half of
 * them from what waits in PostgreSQL, the rest from the ready list. Hence a job starts without
 * Kafka, beyond the number of partitions, and past a big account.
 */
#include "workers/runtime/pool_private.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/kafka/consumer.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pool.h"
#include "infra/relay/relay.h"
#include "infra/store/jobs.h"
#include "infra/store/outbox.h"
#include "workers/runtime/joblog.h"
#include "workers/runtime/runs.h"

#include <stdlib.h>
#include <string.h>

enum {
    IDLE_MS = 1000,
    RETRY_MS = 500,
    /* A consumer that joins gets its partitions one by one, and Kafka holds the first fetch of some
     * for half a second before the others are asked for: meanwhile jobs are found in PostgreSQL. */
    JOINING_MS = 3000,
    JOINING_LOOK_MS = 20,
};

/* What one round of claiming looks at. */
struct batch {
    struct ready_job ready[CLAIM_BATCH_MOST];
    size_t ready_count;
    struct pg_rows *waiting; /* ids */
    size_t waiting_count;    /* how many of them are looked at */
    const char *ids[2 * CLAIM_BATCH_MOST];
    size_t ids_count;
};

static int64_t look_interval(const struct pool *pool)
{
    const struct runtime_options *options = pool->services.options;

    if (pool->backlog && pool->freed)
        return 0;
    if (clock_monotonic_ms() - pool->started_ms < JOINING_MS)
        return JOINING_LOOK_MS;
    if (pool->backlog)
        return options->waiting_least_ms;
    return options->waiting_ms;
}

static bool look_is_due(const struct pool *pool)
{
    return clock_monotonic_ms() - pool->looked_ms >= look_interval(pool);
}

/* Waits until there is something to do, and tells how many slots are free and whether to look at
 * what waits. */
static size_t wait_for_work(struct pool *pool, bool *look)
{
    size_t room = 0;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        int64_t until_look = pool->looked_ms + look_interval(pool) - clock_monotonic_ms();
        bool full = pool->busy >= pool->slots_count;

        *look = !full && look_is_due(pool);
        if (atomic_load(&pool->draining) || pool->broken != NULL || *look ||
            (!full && ready_count(pool->ready) > 0))
            break;
        cond_wait(&pool->changed, &pool->lock,
                  full || until_look > IDLE_MS ? IDLE_MS : until_look + 1);
    }
    room = pool->busy >= pool->slots_count ? 0 : (size_t)(pool->slots_count - pool->busy);
    if (*look) {
        pool->looked_ms = clock_monotonic_ms();
        pool->freed = false;
    }
    pthread_mutex_unlock(&pool->lock);
    return room < CLAIM_BATCH_MOST ? room : CLAIM_BATCH_MOST;
}

/* Takes from the ready list what the waiting jobs leave room for: each side gets half, and what
 * the other does not fill. */
static void mix(struct pool *pool, struct batch *batch, size_t room)
{
    size_t found = batch->waiting == NULL ? 0 : pg_rows_count(batch->waiting);
    size_t half = (room + pool->turn++ % 2) / 2;
    size_t listed;

    pthread_mutex_lock(&pool->lock);
    listed = ready_count(pool->ready);
    batch->waiting_count = listed + half >= room ? half : room - listed;
    if (batch->waiting_count > found)
        batch->waiting_count = found;
    batch->ready_count = ready_take(pool->ready, batch->ready, room - batch->waiting_count);
    pthread_mutex_unlock(&pool->lock);
    for (size_t at = 0; at < batch->waiting_count; at++)
        batch->ids[batch->ids_count++] = pg_text(batch->waiting, at, 0);
    for (size_t at = 0; at < batch->ready_count; at++)
        batch->ids[batch->ids_count++] = batch->ready[at].job_id;
}

/* Gives a claimed job to a slot. When that fails the lease runs out, and it runs elsewhere. */
static void start_run(struct pool *pool, const struct pg_rows *rows, size_t row)
{
    struct run_job job = {.id = pg_text(rows, row, 0),
                          .run = (int)pg_int(rows, row, 1),
                          .account = pg_text(rows, row, 2),
                          .model = pg_text_or_empty(rows, row, 3),
                          .message = pg_text(rows, row, 4),
                          .failures = (int)pg_int(rows, row, 5),
                          .traceparent = pg_text_or_empty(rows, row, 6)};
    struct claimed *claimed = calloc(1, sizeof *claimed);
    struct error err = {0};

    if (claimed == NULL || (claimed->run = run_new(&job, pool->services.joblog, &err)) == NULL ||
        !runs_add(pool->services.runs, claimed->run, &err)) {
        log_error("a claimed job could not be started: out of memory", log_str("job", job.id));
        if (claimed != NULL)
            run_free(claimed->run);
        free(claimed);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    *pool->last = claimed;
    pool->last = &claimed->next;
    pool->busy++;
    pthread_cond_signal(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
}

static void settle_batch(struct pool *pool, struct batch *batch, size_t claimed)
{
    for (size_t at = 0; at < batch->ready_count; at++)
        consumer_settle(pool->consumer, batch->ready[at].partition, batch->ready[at].offset);
    pthread_mutex_lock(&pool->lock);
    if (claimed < batch->ids_count)
        pool->backlog = true; /* some could not start: their key or limit is busy */
    else if (batch->waiting != NULL)
        pool->backlog = batch->waiting_count < pg_rows_count(batch->waiting);
    pthread_mutex_unlock(&pool->lock);
}

/* One round: looks, mixes, claims, starts. False when the database did not answer. */
static bool claim_round(struct pool *pool, struct pg *db, size_t room, bool look,
                        struct batch *batch, struct error *err)
{
    const struct runtime_options *options = pool->services.options;
    struct pg_rows *rows = NULL;
    size_t claimed;

    if (look)
        batch->waiting = jobs_waiting(db, pool->handler->pool, (int)room, (int)room, err);
    if (look && batch->waiting == NULL)
        return false;
    mix(pool, batch, room);
    if (batch->ids_count > 0) {
        rows = jobs_claim(db, pool->handler->pool, batch->ids, batch->ids_count,
                          options->instance_id, options->lease_s, err);
        if (rows == NULL)
            return false;
    }
    claimed = rows == NULL ? 0 : pg_rows_count(rows);
    for (size_t at = 0; at < claimed; at++)
        start_run(pool, rows, at);
    settle_batch(pool, batch, claimed);
    if (claimed > 0) {
        relay_wake(pool->services.relay);
        metrics_count(pool->services.metrics, "trainyard_jobs_claimed_total", pool->labels,
                      (double)claimed);
    }
    pg_rows_free(rows);
    return true;
}

/* Sends what could not be decoded to the dead letters, then settles it. */
static bool bury_broken(struct pool *pool, struct pg *db, struct error *err)
{
    struct broken *broken;
    int64_t id;

    for (;;) {
        pthread_mutex_lock(&pool->lock);
        broken = pool->broken;
        pthread_mutex_unlock(&pool->lock);
        if (broken == NULL)
            return true;
        if (!outbox_insert(db, "jobs.dead", broken->key, broken->letter, &id, err))
            return false;
        consumer_settle(pool->consumer, broken->partition, broken->offset);
        pthread_mutex_lock(&pool->lock);
        /* the poll thread may have put new ones in front */
        for (struct broken **link = &pool->broken; *link != NULL; link = &(*link)->next)
            if (*link == broken) {
                *link = broken->next;
                break;
            }
        pool->broken_count--;
        pthread_mutex_unlock(&pool->lock);
        free(broken->letter);
        free(broken);
    }
}

static bool work(struct pool *pool, size_t room, bool look, struct error *err)
{
    struct batch batch = {0};
    struct pg *db = pg_pool_borrow(pool->services.db, err);
    bool ok = db != NULL && bury_broken(pool, db, err) &&
              (room == 0 || claim_round(pool, db, room, look, &batch, err));

    if (!ok) {
        pthread_mutex_lock(&pool->lock);
        ready_return(pool->ready, batch.ready, batch.ready_count);
        pthread_mutex_unlock(&pool->lock);
    }
    pg_rows_free(batch.waiting);
    pg_pool_return(pool->services.db, db);
    return ok;
}

/* Waits a little before the database is asked again. */
static void pause_dispatch(struct pool *pool)
{
    int64_t deadline = clock_monotonic_ms() + RETRY_MS;

    pthread_mutex_lock(&pool->lock);
    while (!atomic_load(&pool->draining) &&
           cond_wait(&pool->changed, &pool->lock, deadline - clock_monotonic_ms()))
        continue;
    pthread_mutex_unlock(&pool->lock);
}

void *pool_dispatch(void *context)
{
    struct pool *pool = context;
    bool failing = false;

    for (;;) {
        struct error err = {0};
        bool look;
        size_t room = wait_for_work(pool, &look);
        bool ok;

        if (atomic_load(&pool->draining))
            return NULL;
        ok = work(pool, room, look, &err);
        if (!ok && !failing)
            log_failure("jobs cannot be claimed; trying on", &err,
                        log_str("pool", pool->handler->pool));
        else if (ok && failing)
            log_info("jobs are claimed again", log_str("pool", pool->handler->pool));
        failing = !ok;
        if (failing)
            pause_dispatch(pool);
    }
}
