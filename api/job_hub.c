/* job_hub.c - see job_hub.h. */
#include "api/job_hub.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/postgres/pool.h"
#include "infra/store/jobs.h"

#include <stdlib.h>
#include <string.h>

enum { QUICK_MS = 10, SLOW_MS = 100, QUICK_FOR_MS = 1000, ASKED_MOST = 2000, JOB_ID_BYTES = 64 };

/* Somebody who waits; lives on that thread's stack. */
struct waiter {
    char job_id[JOB_ID_BYTES];
    int64_t since_ms;
    bool ended;
    struct waiter *next;
};

struct job_hub {
    /* read-only after _new */
    struct pg_pool *pool;
    pthread_t thread;
    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t wanted; /* somebody waits, or the hub stops */
    pthread_cond_t told;   /* a job has ended, or the hub stops */
    struct waiter *waiters;
    bool stopped;
    /* the thread only */
    char ids[ASKED_MOST][JOB_ID_BYTES];
    bool failing;
};

/* Notes who is to be asked for; returns how many, and how long until the next look. */
static size_t collect_locked(struct job_hub *hub, int *pause_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    size_t count = 0;

    *pause_ms = SLOW_MS;
    for (struct waiter *at = hub->waiters; at != NULL; at = at->next) {
        if (at->ended)
            continue;
        if (now_ms - at->since_ms < QUICK_FOR_MS)
            *pause_ms = QUICK_MS;
        if (count < ASKED_MOST)
            memcpy(hub->ids[count++], at->job_id, JOB_ID_BYTES);
    }
    return count;
}

static void note_ended(struct job_hub *hub, const struct pg_rows *rows)
{
    size_t count = pg_rows_count(rows);

    if (count == 0)
        return;
    pthread_mutex_lock(&hub->lock);
    for (struct waiter *at = hub->waiters; at != NULL; at = at->next)
        for (size_t row = 0; row < count && !at->ended; row++)
            at->ended = strcmp(at->job_id, pg_text(rows, row, 0)) == 0;
    pthread_cond_broadcast(&hub->told);
    pthread_mutex_unlock(&hub->lock);
}

static void ask(struct job_hub *hub, size_t count)
{
    const char *ids[ASKED_MOST];
    struct error err = {0};
    struct pg *db = pg_pool_borrow(hub->pool, &err);
    struct pg_rows *rows;

    for (size_t at = 0; at < count; at++)
        ids[at] = hub->ids[at];
    rows = db == NULL ? NULL : jobs_ended(db, ids, count, &err);
    pg_pool_return(hub->pool, db);
    if (rows != NULL)
        note_ended(hub, rows);
    else if (!hub->failing)
        log_failure("cannot ask which jobs have ended", &err);
    hub->failing = rows == NULL;
    pg_rows_free(rows);
}

static void *run(void *context)
{
    struct job_hub *hub = context;
    int pause_ms;

    pthread_mutex_lock(&hub->lock);
    while (!hub->stopped) {
        size_t count = collect_locked(hub, &pause_ms);
        int64_t now_ms = clock_monotonic_ms();
        int64_t until_ms = now_ms + pause_ms;

        if (count == 0) {
            cond_wait(&hub->wanted, &hub->lock, INT32_MAX);
            continue;
        }
        pthread_mutex_unlock(&hub->lock);
        ask(hub, count);
        pthread_mutex_lock(&hub->lock);
        while (!hub->stopped && clock_monotonic_ms() < until_ms)
            if (cond_wait(&hub->wanted, &hub->lock, until_ms - clock_monotonic_ms()))
                until_ms = now_ms + QUICK_MS; /* for the one who came */
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}

struct job_hub *job_hub_new(struct pg_pool *pool, struct error *err)
{
    struct job_hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL) {
        error_no_memory(err);
        return NULL;
    }
    hub->pool = pool;
    pthread_mutex_init(&hub->lock, NULL);
    cond_init(&hub->wanted);
    cond_init(&hub->told);
    if (thread_start(&hub->thread, run, hub, err))
        return hub;
    free(hub);
    return NULL;
}

void job_hub_stop(struct job_hub *hub)
{
    if (hub == NULL)
        return;
    pthread_mutex_lock(&hub->lock);
    hub->stopped = true;
    pthread_cond_broadcast(&hub->wanted);
    pthread_cond_broadcast(&hub->told);
    pthread_mutex_unlock(&hub->lock);
}

void job_hub_free(struct job_hub *hub)
{
    if (hub == NULL)
        return;
    job_hub_stop(hub);
    pthread_join(hub->thread, NULL);
    pthread_cond_destroy(&hub->told);
    pthread_cond_destroy(&hub->wanted);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

static void leave_locked(struct job_hub *hub, const struct waiter *waiter)
{
    struct waiter **at = &hub->waiters;

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
}

bool job_hub_wait(struct job_hub *hub, const char *job_id, int64_t wait_ms)
{
    struct waiter waiter = {.since_ms = clock_monotonic_ms()};
    int64_t until_ms = waiter.since_ms + wait_ms;

    if (strlen(job_id) >= sizeof waiter.job_id)
        return false;
    strcpy(waiter.job_id, job_id);
    pthread_mutex_lock(&hub->lock);
    waiter.next = hub->waiters;
    hub->waiters = &waiter;
    pthread_cond_signal(&hub->wanted);
    while (!waiter.ended && !hub->stopped && clock_monotonic_ms() < until_ms)
        cond_wait(&hub->told, &hub->lock, until_ms - clock_monotonic_ms());
    leave_locked(hub, &waiter);
    pthread_mutex_unlock(&hub->lock);
    return waiter.ended;
}
