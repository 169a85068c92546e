/* relay.c - see relay.h. */
#include "infra/relay/relay.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/kafka/producer.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pool.h"
#include "infra/relay/event_message.h"
#include "infra/store/events.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    LEASE_S = 15,
    RENEW_MS = 5000,
    BATCH_MOST = 500,
    IDLE_MS = 500,    /* between looks when nobody woke us */
    OTHERS_MS = 2000, /* between looks whether the lease is free */
    RETRY_MS = 1000,
    NOTIFY_MS = 50,
};

struct relay {
    /* read-only after _new */
    struct pg_pool *pool;
    const char *database_url;
    struct kafka_settings kafka;
    const char *owner;
    struct metrics *metrics;
    pthread_t publisher;
    pthread_t notifier;
    int wake; /* an eventfd: this process has something to publish, or stops */

    atomic_bool holds;
    atomic_bool stopping;
    atomic_int failed; /* messages of the batch that Kafka refused */

    /* the publishing thread only */
    struct pg *db;
    struct producer *producer;
    int64_t renewed_ms;
    bool repeat; /* the lease is new here: what changed lately is told once more first */

    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool notify; /* another process may be the relay, and should hear of it */
};

static void on_report(void *context, int64_t tag, bool delivered)
{
    struct relay *relay = context;

    (void)tag;
    if (!delivered)
        atomic_fetch_add(&relay->failed, 1);
}

static void ring(struct relay *relay)
{
    uint64_t one = 1;

    if (write(relay->wake, &one, sizeof one) < 0) {
        /* full: it rings already */
    }
}

/* Opens what the publishing thread works with; both stay open. */
static bool open_all(struct relay *relay, struct error *err)
{
    /* without a time limit: a message given up between two others would be a gap */
    static const struct producer_tuning TUNING = {
        .linger_ms = 5, .delivery_timeout_ms = 0, .queue_messages = 10000};

    if (relay->db == NULL)
        relay->db = pg_open(relay->database_url, err);
    if (relay->db == NULL || !pg_revive(relay->db, err))
        return false;
    if (relay->producer == NULL)
        relay->producer = producer_new(&relay->kafka, &TUNING, on_report, relay, err);
    return relay->producer != NULL;
}

/* Takes or renews the lease when it is time to; relay->holds tells whether it is held. */
static bool hold(struct relay *relay, struct error *err)
{
    bool held = false;
    bool fresh = false;

    if (atomic_load(&relay->holds) && clock_monotonic_ms() - relay->renewed_ms < RENEW_MS)
        return true;
    /* a session that was opened anew has forgotten that it listens */
    if (!pg_script(relay->db, "listen " EVENTS_CHANNEL, err) ||
        !events_hold(relay->db, relay->owner, LEASE_S, &held, &fresh, err))
        return false;
    relay->repeat |= fresh;
    if (held != atomic_load(&relay->holds))
        log_info(held ? "this process publishes events now"
                      : "another process publishes events now");
    atomic_store(&relay->holds, held);
    metrics_set(relay->metrics, "trainyard_relay_holder", "", held);
    relay->renewed_ms = clock_monotonic_ms();
    return true;
}

/* Waits until Kafka has all of the batch, keeping the lease. False: lost, refused or stopping. */
static bool wait_for_kafka(struct relay *relay)
{
    struct error err = {0};

    while (!producer_flush(relay->producer, 1000)) {
        if (atomic_load(&relay->stopping))
            return false;
        if (hold(relay, &err) && !atomic_load(&relay->holds))
            return false;
    }
    return atomic_load(&relay->failed) == 0;
}

/* What is on its way is taken back: it must not arrive after what another process publishes. */
static void drop_producer(struct relay *relay)
{
    producer_free(relay->producer);
    relay->producer = NULL;
}

/* Publishes a batch in order; *count is how many events it had. */
static bool publish_batch(struct relay *relay, size_t *count, struct error *err)
{
    struct pg_rows *rows = events_read(relay->db, BATCH_MOST, err);
    struct buffer ids = {0};
    bool ok = rows != NULL;

    *count = ok ? pg_rows_count(rows) : 0;
    atomic_store(&relay->failed, 0);
    for (size_t at = 0; ok && at < *count; at++) {
        ok = event_send(relay->producer, rows, at, err);
        if (!ok && err->code == ERROR_TOO_LARGE) { /* else all others would wait behind it */
            log_failure("an event is left out", err,
                        log_str("entity", pg_text(rows, at, EVENT_ENTITY)),
                        log_str("revision", pg_text(rows, at, EVENT_REVISION)));
            ok = true;
        }
        buffer_printf(&ids, at == 0 ? "{%s" : ",%s", pg_text(rows, at, EVENT_ID));
    }
    buffer_add_char(&ids, '}');
    if (*count > 0 && (!ok || !wait_for_kafka(relay))) {
        drop_producer(relay);
        ok = ok && error_set(err, ERROR_UNAVAILABLE, "Kafka did not take the events");
    }
    ok = ok && (*count == 0 || events_delete(relay->db, relay->owner, ids.data, err));
    if (ok && *count > 0)
        metrics_count(relay->metrics, "trainyard_events_published_total", "", (double)*count);
    buffer_clear(&ids);
    pg_rows_free(rows);
    return ok;
}

/* One round; *wait_ms is how long there is nothing to do. */
static bool work(struct relay *relay, int *wait_ms, struct error *err)
{
    size_t count;

    *wait_ms = RETRY_MS;
    if (!open_all(relay, err) || !hold(relay, err))
        return false;
    if (!atomic_load(&relay->holds)) {
        *wait_ms = OTHERS_MS;
        return true;
    }
    if (relay->repeat && !events_repeat(relay->db, err))
        return false;
    relay->repeat = false;
    if (!publish_batch(relay, &count, err))
        return false;
    *wait_ms = count == BATCH_MOST ? 0 : IDLE_MS;
    return true;
}

static void wait_for_wake(struct relay *relay, int wait_ms)
{
    uint64_t rung;

    if (relay->db != NULL)
        pg_wait_notification(relay->db, relay->wake, wait_ms);
    else
        usleep((useconds_t)wait_ms * 1000);
    if (read(relay->wake, &rung, sizeof rung) < 0) {
        /* it did not ring */
    }
}

static void *run_publisher(void *context)
{
    struct relay *relay = context;
    bool failing = false;

    while (!atomic_load(&relay->stopping)) {
        struct error err = {0};
        int wait_ms;
        bool ok = work(relay, &wait_ms, &err);

        if (!ok) {
            relay->renewed_ms = 0; /* asks anew whether it holds the lease */
            atomic_store(&relay->holds, false);
        }
        if (!ok && !failing)
            log_failure("events cannot be published; trying on", &err);
        failing = !ok;
        if (wait_ms > 0)
            wait_for_wake(relay, wait_ms);
    }
    return NULL;
}

/* Tells other processes, at most once every NOTIFY_MS, and never in a transaction that enqueues. */
static void *run_notifier(void *context)
{
    struct relay *relay = context;

    pthread_mutex_lock(&relay->lock);
    while (!atomic_load(&relay->stopping)) {
        struct error err = {0};
        struct pg *db;

        if (!relay->notify) {
            pthread_cond_wait(&relay->changed, &relay->lock);
            continue;
        }
        relay->notify = false;
        pthread_mutex_unlock(&relay->lock);
        db = pg_pool_borrow(relay->pool, &err);
        if (db == NULL || !events_notify(db, &err))
            log_debug("the relay was not told; it looks by itself", log_str("detail", err.detail));
        pg_pool_return(relay->pool, db);
        pthread_mutex_lock(&relay->lock);
        if (!atomic_load(&relay->stopping))
            cond_wait(&relay->changed, &relay->lock, NOTIFY_MS);
    }
    pthread_mutex_unlock(&relay->lock);
    return NULL;
}

static void release(struct relay *relay)
{
    close(relay->wake);
    pthread_cond_destroy(&relay->changed);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}

static void stop_thread(struct relay *relay, pthread_t thread)
{
    atomic_store(&relay->stopping, true);
    ring(relay);
    pthread_mutex_lock(&relay->lock);
    pthread_cond_signal(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
    pthread_join(thread, NULL);
}

struct relay *relay_new(struct pg_pool *db, const char *database_url,
                        const struct kafka_settings *kafka, const char *owner,
                        struct metrics *metrics, struct error *err)
{
    struct relay *relay = calloc(1, sizeof *relay);

    if (relay == NULL) {
        error_no_memory(err);
        return NULL;
    }
    relay->pool = db;
    relay->database_url = database_url;
    relay->kafka = *kafka;
    relay->owner = owner;
    relay->metrics = metrics;
    relay->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&relay->lock, NULL);
    cond_init(&relay->changed);
    if (relay->wake < 0 || !thread_start(&relay->publisher, run_publisher, relay, err)) {
        if (relay->wake < 0)
            error_no_memory(err);
        release(relay);
        return NULL;
    }
    if (!thread_start(&relay->notifier, run_notifier, relay, err)) {
        stop_thread(relay, relay->publisher);
        release(relay);
        return NULL;
    }
    return relay;
}

void relay_free(struct relay *relay)
{
    struct error err = {0};

    if (relay == NULL)
        return;
    stop_thread(relay, relay->publisher);
    stop_thread(relay, relay->notifier);
    if (relay->db != NULL &&
        (!pg_revive(relay->db, &err) || !events_release(relay->db, relay->owner, &err)))
        log_debug("the relay's lease runs out by itself", log_str("detail", err.detail));
    producer_free(relay->producer);
    pg_close(relay->db);
    release(relay);
}

void relay_wake(struct relay *relay)
{
    if (atomic_load(&relay->holds)) {
        ring(relay);
        return;
    }
    pthread_mutex_lock(&relay->lock);
    relay->notify = true;
    pthread_cond_signal(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
}
