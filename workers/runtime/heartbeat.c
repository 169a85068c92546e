/* heartbeat.c - see heartbeat.h. */
#include "workers/runtime/heartbeat.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pg.h"
#include "infra/relay/relay.h"
#include "infra/store/instances.h"
#include "infra/store/leases.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { TICK_MS = 500, REAP_BATCH = 100, WELL_MS = 10000, STATEMENT_MS = 10000 };

struct heartbeat {
    /* read-only after _new */
    const struct runtime_options *options;
    struct runs *runs;
    struct relay *relay;
    struct metrics *metrics;
    pthread_t thread;

    /* the thread only */
    struct pg *db;
    int64_t reached_since_ms; /* the database answered without a gap since then; 0: it does not */
    int64_t renewed_ms;
    int64_t cancels_ms;

    atomic_llong answered_ms; /* when the database answered last */

    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stopping;
};

static bool renew(struct heartbeat *heartbeat, struct error *err)
{
    const struct runtime_options *options = heartbeat->options;
    struct pg_rows *rows;
    size_t lost;

    runs_mark(heartbeat->runs);
    rows = leases_renew(heartbeat->db, options->instance_id, options->lease_s, err);
    if (rows == NULL)
        return false;
    for (size_t at = 0; at < pg_rows_count(rows); at++) {
        runs_confirm(heartbeat->runs, pg_text(rows, at, 0), (int)pg_int(rows, at, 1));
        if (pg_bool(rows, at, 2))
            runs_stop(heartbeat->runs, pg_text(rows, at, 0), (int)pg_int(rows, at, 1),
                      RUN_CANCELLED);
    }
    pg_rows_free(rows);
    /* What is being finished just now is marked too: its finish is on its way, or came too late. */
    lost = runs_stop_marked(heartbeat->runs, RUN_LOST);
    if (lost > 0)
        log_debug("leases are gone", log_int("runs", (int64_t)lost));
    return instances_heartbeat(heartbeat->db, options->instance_id, "worker", options->pools,
                               options->pools_count, err);
}

static bool look_for_cancels(struct heartbeat *heartbeat, struct error *err)
{
    struct pg_rows *rows = leases_cancelled(heartbeat->db, heartbeat->options->instance_id, err);

    if (rows == NULL)
        return false;
    for (size_t at = 0; at < pg_rows_count(rows); at++)
        runs_stop(heartbeat->runs, pg_text(rows, at, 0), (int)pg_int(rows, at, 1), RUN_CANCELLED);
    pg_rows_free(rows);
    return true;
}

/* Takes back leases that ran out, if an outage cannot be why they did. */
static bool reap(struct heartbeat *heartbeat, struct error *err)
{
    struct pg_rows *rows;
    size_t reaped;

    if (clock_monotonic_ms() - heartbeat->reached_since_ms <
        (int64_t)heartbeat->options->lease_s * 1000)
        return true;
    rows = leases_reap(heartbeat->db, REAP_BATCH, err);
    if (rows == NULL)
        return false;
    reaped = pg_rows_count(rows);
    for (size_t at = 0; at < reaped; at++)
        log_warning("a dead worker's job was taken back", log_str("job", pg_text(rows, at, 0)),
                    log_str("status", pg_text(rows, at, 1)));
    pg_rows_free(rows);
    if (reaped > 0) {
        relay_wake(heartbeat->relay);
        metrics_count(heartbeat->metrics, "trainyard_leases_reaped_total", "", (double)reaped);
    }
    return true;
}

static bool tell_progress(struct heartbeat *heartbeat, struct error *err)
{
    struct buffer items = {0};
    bool ok = true;

    if (runs_progress(heartbeat->runs, &items) > 0 && !items.failed)
        ok = leases_progress(heartbeat->db, items.data, err);
    buffer_clear(&items);
    return ok;
}

static bool beat(struct heartbeat *heartbeat, struct error *err)
{
    const struct runtime_options *options = heartbeat->options;
    int64_t now = clock_monotonic_ms();

    if (heartbeat->db == NULL) {
        heartbeat->db = pg_open(options->database_url, err);
        if (heartbeat->db == NULL)
            return false;
        pg_set_timeout(heartbeat->db, STATEMENT_MS);
    }
    if (!pg_revive(heartbeat->db, err) || !tell_progress(heartbeat, err))
        return false;
    if (heartbeat->reached_since_ms == 0)
        heartbeat->reached_since_ms = now;
    if (now - heartbeat->cancels_ms >= options->cancel_ms) {
        if (!look_for_cancels(heartbeat, err))
            return false;
        heartbeat->cancels_ms = now;
    }
    if (now - heartbeat->renewed_ms >= options->renew_ms) {
        if (!renew(heartbeat, err) || !reap(heartbeat, err))
            return false;
        heartbeat->renewed_ms = now;
    }
    atomic_store(&heartbeat->answered_ms, clock_monotonic_ms());
    return true;
}

static bool wait_a_tick(struct heartbeat *heartbeat)
{
    int64_t deadline = clock_monotonic_ms() + TICK_MS;
    bool go_on;

    pthread_mutex_lock(&heartbeat->lock);
    while (!heartbeat->stopping &&
           cond_wait(&heartbeat->stopped, &heartbeat->lock, deadline - clock_monotonic_ms()))
        continue;
    go_on = !heartbeat->stopping;
    pthread_mutex_unlock(&heartbeat->lock);
    return go_on;
}

static void *run_heartbeat(void *context)
{
    struct heartbeat *heartbeat = context;
    bool failing = false;

    do {
        struct error err = {0};
        bool ok = beat(heartbeat, &err);

        if (!ok)
            heartbeat->reached_since_ms = 0;
        if (!ok && !failing)
            log_failure("the database is away; running jobs go on", &err);
        else if (ok && failing)
            log_info("the database is back");
        failing = !ok;
    } while (wait_a_tick(heartbeat));
    return NULL;
}

struct heartbeat *heartbeat_new(const struct runtime_options *options, struct runs *runs,
                                struct relay *relay, struct metrics *metrics, struct error *err)
{
    struct heartbeat *heartbeat = calloc(1, sizeof *heartbeat);

    if (heartbeat == NULL) {
        error_no_memory(err);
        return NULL;
    }
    heartbeat->options = options;
    heartbeat->runs = runs;
    heartbeat->relay = relay;
    heartbeat->metrics = metrics;
    pthread_mutex_init(&heartbeat->lock, NULL);
    cond_init(&heartbeat->stopped);
    if (!thread_start(&heartbeat->thread, run_heartbeat, heartbeat, err)) {
        free(heartbeat);
        return NULL;
    }
    return heartbeat;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
    struct error err = {0};

    if (heartbeat == NULL)
        return;
    pthread_mutex_lock(&heartbeat->lock);
    heartbeat->stopping = true;
    pthread_cond_signal(&heartbeat->stopped);
    pthread_mutex_unlock(&heartbeat->lock);
    pthread_join(heartbeat->thread, NULL);
    if (heartbeat->db != NULL &&
        (!pg_revive(heartbeat->db, &err) ||
         !instances_leave(heartbeat->db, heartbeat->options->instance_id, &err)))
        log_failure("could not sign off; the list of instances clears itself", &err);
    pg_close(heartbeat->db);
    pthread_cond_destroy(&heartbeat->stopped);
    pthread_mutex_destroy(&heartbeat->lock);
    free(heartbeat);
}

bool heartbeat_is_well(struct heartbeat *heartbeat, struct error *err)
{
    int64_t answered = atomic_load(&heartbeat->answered_ms);

    if (answered != 0 && clock_monotonic_ms() - answered < WELL_MS)
        return true;
    return error_set(err, ERROR_UNAVAILABLE, "the database does not answer");
}
