/* collector.c - see collector.h. */
#include "workers/logs/collector.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/kafka/consumer.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pool.h"
#include "infra/store/log_lines.h"
#include "schemas/log_record.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BATCH_MS = 50, BATCH_MOST = 1000, OVERRUN = 200, IDLE_POLL_MS = 100, RETRY_MS = 500 };

static const struct consumer_tuning TUNING = {.prefetch_messages = 10000, .prefetch_kb = 16384};

struct place {
    int partition;
    int64_t offset;
};

struct collector {
    /* read-only after _new */
    struct pg_pool *db;
    struct metrics *metrics;
    struct consumer *consumer;
    pthread_t thread;

    atomic_bool stopping;

    /* the thread only */
    struct log_record records[BATCH_MOST + OVERRUN];
    size_t records_count;
    struct place places[BATCH_MOST + OVERRUN]; /* of all messages of the batch, also of those that
                                                  are no lines */
    size_t places_count;
};

static void take_message(struct collector *collector, struct consumer_message *message)
{
    struct error err = {0};

    collector->places[collector->places_count++] =
        (struct place){message->partition, message->offset};
    if (message->value != NULL &&
        log_record_decode(message->value, message->value_length,
                          &collector->records[collector->records_count], &err))
        collector->records_count++;
    else /* a line that is none belongs to no job: it is told here, and passed over */
        log_failure("a log message cannot be read", &err, log_int("partition", message->partition),
                    log_int("offset", message->offset));
    consumer_message_clear(message);
}

/* Gathers a batch: what comes within BATCH_MS of its first message. */
static void gather(struct collector *collector)
{
    struct consumer_message message;
    int64_t deadline;

    if (!consumer_poll(collector->consumer, IDLE_POLL_MS, &message))
        return;
    deadline = clock_monotonic_ms() + BATCH_MS;
    take_message(collector, &message);
    while (collector->places_count < BATCH_MOST) {
        int64_t left = deadline - clock_monotonic_ms();

        if (left <= 0 || !consumer_poll(collector->consumer, (int)left, &message))
            break;
        take_message(collector, &message);
    }
}

static bool store(struct collector *collector, struct error *err)
{
    struct pg *db;
    bool ok;

    if (collector->records_count == 0)
        return true;
    db = pg_pool_borrow(collector->db, err);
    ok = db != NULL && log_lines_insert(db, collector->records, collector->records_count, err);
    pg_pool_return(collector->db, db);
    return ok;
}

static void settle(struct collector *collector, bool stored)
{
    if (stored)
        metrics_count(collector->metrics, "trainyard_log_lines_total", "",
                      (double)collector->records_count);
    for (size_t at = 0; at < collector->records_count; at++)
        log_record_clear(&collector->records[at]);
    for (size_t at = 0; stored && at < collector->places_count; at++)
        consumer_settle(collector->consumer, collector->places[at].partition,
                        collector->places[at].offset);
    collector->records_count = 0;
    collector->places_count = 0;
}

/* Keeps polling while the database is away, so that the place in the group is kept. Paused, nothing
 * comes but what was on its way, for which there is room. */
static bool store_until_done(struct collector *collector)
{
    struct error err = {0};
    struct consumer_message message;
    bool told = false;

    while (!store(collector, &err)) {
        if (atomic_load(&collector->stopping))
            return false;
        if (!told) {
            log_failure("log lines cannot be stored; trying on", &err);
            consumer_pause(collector->consumer);
        }
        told = true;
        if (collector->places_count < BATCH_MOST + OVERRUN &&
            consumer_poll(collector->consumer, RETRY_MS, &message))
            take_message(collector, &message);
    }
    if (told)
        consumer_resume(collector->consumer);
    return true;
}

static void *collect(void *context)
{
    struct collector *collector = context;

    while (!atomic_load(&collector->stopping)) {
        gather(collector);
        if (collector->places_count > 0)
            settle(collector, store_until_done(collector));
    }
    return NULL;
}

struct collector *collector_new(struct pg_pool *db, const struct kafka_settings *kafka,
                                struct metrics *metrics, struct error *err)
{
    struct collector *collector = calloc(1, sizeof *collector);

    if (collector == NULL) {
        error_no_memory(err);
        return NULL;
    }
    collector->db = db;
    collector->metrics = metrics;
    collector->consumer = consumer_new(kafka, "logs", "logs", &TUNING, err);
    if (collector->consumer == NULL || !thread_start(&collector->thread, collect, collector, err)) {
        consumer_free(collector->consumer);
        free(collector);
        return NULL;
    }
    return collector;
}

void collector_free(struct collector *collector)
{
    if (collector == NULL)
        return;
    atomic_store(&collector->stopping, true);
    pthread_join(collector->thread, NULL);
    consumer_free(collector->consumer);
    free(collector);
}
