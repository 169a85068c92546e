/* publisher.c - see publisher.h. */
#include "infra/relay/publisher.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pool.h"
#include "infra/relay/headers.h"
#include "infra/store/outbox.h"

#include <stdlib.h>
#include <string.h>

enum {
    DELIVERED_MOST =
        4096, /* ids that wait to be deleted; a row that is not deleted is sent once more */
    DELETE_BATCH = 1000,
    GATHER_MS = 10, /* how long ids are gathered for one statement */
    SWEEP_MS = 1000,
    SWEEP_BATCH = 500,
    REACH_MS = 1000,
    FLUSH_MS = 5000,
};

static const char *const TOPICS[] = {"jobs.build", "jobs.predict", "jobs.retrain", "jobs.deploy",
                                     "jobs.dead"};

struct publisher {
    /* read-only after _new */
    struct pg_pool *db;
    struct metrics *metrics;
    struct producer *producer;
    pthread_t deleter;
    pthread_t sweeper;

    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t delivered_some;
    pthread_cond_t stopped;
    int64_t delivered[DELIVERED_MOST];
    size_t delivered_count;
    bool stopping;
    bool deleter_ends;
};

static void on_report(void *context, int64_t tag, bool delivered)
{
    struct publisher *publisher = context;

    if (!delivered)
        return; /* the row is still there: swept when its time is over */
    pthread_mutex_lock(&publisher->lock);
    if (publisher->delivered_count < DELIVERED_MOST)
        publisher->delivered[publisher->delivered_count++] = tag;
    pthread_cond_signal(&publisher->delivered_some);
    pthread_mutex_unlock(&publisher->lock);
}

/* Takes ids of delivered messages; waits for some. 0: the end. */
static size_t take_delivered(struct publisher *publisher, int64_t *ids)
{
    size_t count;

    pthread_mutex_lock(&publisher->lock);
    while (publisher->delivered_count == 0 && !publisher->deleter_ends)
        pthread_cond_wait(&publisher->delivered_some, &publisher->lock);
    if (publisher->delivered_count < DELETE_BATCH && !publisher->deleter_ends) {
        int64_t deadline = clock_monotonic_ms() + GATHER_MS;

        while (publisher->delivered_count < DELETE_BATCH && !publisher->deleter_ends &&
               cond_wait(&publisher->delivered_some, &publisher->lock,
                         deadline - clock_monotonic_ms()))
            continue;
    }
    count = publisher->delivered_count < DELETE_BATCH ? publisher->delivered_count : DELETE_BATCH;
    for (size_t at = 0; at < count; at++)
        ids[at] = publisher->delivered[--publisher->delivered_count];
    pthread_mutex_unlock(&publisher->lock);
    return count;
}

static void *run_deleter(void *context)
{
    struct publisher *publisher = context;
    int64_t ids[DELETE_BATCH];
    size_t count;

    while ((count = take_delivered(publisher, ids)) > 0) {
        struct error err = {0};
        struct pg *db = pg_pool_borrow(publisher->db, &err);

        if (db == NULL || !outbox_delete(db, ids, count, &err))
            log_failure("messages that Kafka has stay in the outbox; they are sent once more", &err,
                        log_int("messages", (int64_t)count));
        else
            metrics_count(publisher->metrics, "trainyard_outbox_published_total", "",
                          (double)count);
        pg_pool_return(publisher->db, db);
    }
    return NULL;
}

/* Sends rows until the producer takes no more: the rest is swept when its time is over. */
static void send_rows(struct publisher *publisher, const struct pg_rows *rows)
{
    bool taken = true;

    for (size_t at = 0; taken && at < pg_rows_count(rows); at++) {
        const char *value = pg_text(rows, at, 3);
        struct kafka_header headers[HEADERS_MOST];
        struct header_texts texts = {0};
        struct kafka_message message = {.topic = pg_text(rows, at, 1),
                                        .key = pg_text(rows, at, 2),
                                        .value = value,
                                        .length = value == NULL ? 0 : strlen(value),
                                        .headers = headers};
        struct error err = {0};

        message.headers_count = headers_read(pg_text_or_empty(rows, at, 4), headers, &texts);
        taken = producer_send(publisher->producer, &message, pg_int(rows, at, 0), &err);
        if (!taken)
            log_failure("messages wait in the outbox", &err,
                        log_int("outbox_id", pg_int(rows, at, 0)));
        taken = taken || err.code == ERROR_TOO_LARGE; /* that one alone */
        headers_clear(&texts);
    }
}

/* Takes rows that nobody holds, and sends them; false when there may be more. */
static bool sweep(struct publisher *publisher)
{
    struct error err = {0};
    struct pg *db = pg_pool_borrow(publisher->db, &err);
    struct pg_rows *rows = db == NULL ? NULL : outbox_take(db, SWEEP_BATCH, &err);
    size_t count = 0;

    pg_pool_return(publisher->db,
                   db); /* taken and committed: Kafka is spoken to without a transaction */
    if (rows != NULL) {
        count = pg_rows_count(rows);
        send_rows(publisher, rows);
        pg_rows_free(rows);
    } else {
        log_debug("the outbox could not be swept", log_str("detail", err.detail));
    }
    if (count > 0)
        metrics_count(publisher->metrics, "trainyard_outbox_swept_total", "", (double)count);
    return count < SWEEP_BATCH;
}

static bool wait_for_next_sweep(struct publisher *publisher)
{
    int64_t deadline = clock_monotonic_ms() + SWEEP_MS;
    bool go_on;

    pthread_mutex_lock(&publisher->lock);
    while (!publisher->stopping &&
           cond_wait(&publisher->stopped, &publisher->lock, deadline - clock_monotonic_ms()))
        continue;
    go_on = !publisher->stopping;
    pthread_mutex_unlock(&publisher->lock);
    return go_on;
}

static void *run_sweeper(void *context)
{
    struct publisher *publisher = context;

    producer_warm_up(publisher->producer, TOPICS, sizeof TOPICS / sizeof *TOPICS, 5000);
    do {
        /* while Kafka is away rows are left to whoever reaches it */
        while (producer_reach(publisher->producer, REACH_MS) && !sweep(publisher))
            continue;
    } while (wait_for_next_sweep(publisher));
    return NULL;
}

static void end_thread(struct publisher *publisher, bool *flag, pthread_t thread)
{
    pthread_mutex_lock(&publisher->lock);
    *flag = true;
    pthread_cond_signal(&publisher->delivered_some);
    pthread_cond_signal(&publisher->stopped);
    pthread_mutex_unlock(&publisher->lock);
    pthread_join(thread, NULL);
}

static void release(struct publisher *publisher)
{
    pthread_cond_destroy(&publisher->stopped);
    pthread_cond_destroy(&publisher->delivered_some);
    pthread_mutex_destroy(&publisher->lock);
    free(publisher);
}

struct publisher *publisher_new(struct pg_pool *db, const struct kafka_settings *kafka,
                                struct metrics *metrics, struct error *err)
{
    /* less than the 35 s for which a row is taken: it is never on its way twice */
    static const struct producer_tuning TUNING = {
        .linger_ms = 0, .delivery_timeout_ms = 30000, .queue_messages = 10000};
    struct publisher *publisher = calloc(1, sizeof *publisher);

    if (publisher == NULL) {
        error_no_memory(err);
        return NULL;
    }
    publisher->db = db;
    publisher->metrics = metrics;
    pthread_mutex_init(&publisher->lock, NULL);
    cond_init(&publisher->delivered_some);
    cond_init(&publisher->stopped);
    publisher->producer = producer_new(kafka, &TUNING, on_report, publisher, err);
    if (publisher->producer == NULL ||
        !thread_start(&publisher->deleter, run_deleter, publisher, err)) {
        producer_free(publisher->producer);
        release(publisher);
        return NULL;
    }
    if (!thread_start(&publisher->sweeper, run_sweeper, publisher, err)) {
        end_thread(publisher, &publisher->deleter_ends, publisher->deleter);
        producer_free(publisher->producer);
        release(publisher);
        return NULL;
    }
    return publisher;
}

void publisher_free(struct publisher *publisher)
{
    if (publisher == NULL)
        return;
    end_thread(publisher, &publisher->stopping, publisher->sweeper);
    producer_flush(publisher->producer, FLUSH_MS);
    producer_free(publisher->producer);
    end_thread(publisher, &publisher->deleter_ends, publisher->deleter);
    release(publisher);
}

void publisher_send(struct publisher *publisher, int64_t outbox_id,
                    const struct kafka_message *message)
{
    struct error err = {0};

    if (!producer_send(publisher->producer, message, outbox_id, &err))
        log_debug("a message waits in the outbox", log_int("outbox_id", outbox_id),
                  log_str("detail", err.detail));
}
