/*
 * producer.c - see producer.h.
 *
 * An idempotent client that fails for good refuses all further messages (librdkafka 4438 is one way
 * there), so the thread that polls makes another one in its place.
 */
#include "infra/kafka/producer.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/kafka/client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_MS = 100, REPORTS_MS = 1000, AGAIN_MS = 10 };

struct producer {
    /* read-only after _new */
    struct kafka_settings settings;
    struct producer_tuning tuning;
    producer_report report;
    void *context;
    pthread_t thread;

    atomic_bool stopping;
    atomic_bool down; /* no broker is connected */

    /* whoever uses the client holds the lock for reading, but for the thread: it alone changes it
     */
    pthread_rwlock_t lock;
    rd_kafka_t *client;
};

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct producer *producer = opaque;
    bool delivered = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;

    (void)client;
    if (delivered)
        atomic_store(&producer->down, false);
    if (producer->report != NULL)
        producer->report(producer->context, (int64_t)(intptr_t)message->_private, delivered);
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct producer *producer = opaque;

    (void)client;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !atomic_exchange(&producer->down, true))
        log_warning("Kafka is away; messages wait", log_str("detail", reason));
}

static bool has_failed(rd_kafka_t *client)
{
    char reason[8];

    return rd_kafka_fatal_error(client, reason, sizeof reason) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_conf_t *make_conf(const struct kafka_settings *settings,
                                  const struct producer_tuning *tuning, struct error *err)
{
    char linger[16];
    char timeout[16];
    char queue[16];
    const struct kafka_property properties[] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"compression.codec", "lz4"},
        /* the hash of the Java clients, so that keys meet */
        {"partitioner", "murmur2_random"},
        {"linger.ms", linger},
        {"delivery.timeout.ms", timeout},
        {"queue.buffering.max.messages", queue},
        {NULL, NULL}};

    snprintf(linger, sizeof linger, "%d", tuning->linger_ms);
    snprintf(timeout, sizeof timeout, "%d", tuning->delivery_timeout_ms);
    snprintf(queue, sizeof queue, "%d", tuning->queue_messages);
    return kafka_conf_new(settings, properties, err);
}

static rd_kafka_t *make_client(struct producer *producer, struct error *err)
{
    rd_kafka_conf_t *conf = make_conf(&producer->settings, &producer->tuning, err);
    char reason[256];
    rd_kafka_t *client;

    if (conf == NULL)
        return NULL;
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        error_set(err, ERROR_INTERNAL, "the connection to Kafka could not be set up");
        error_detail(err, "%s", reason);
    }
    return client;
}

/* Gives up what is on its way, reports it, and ends the client. */
static void end_client(rd_kafka_t *client)
{
    if (client == NULL)
        return;
    rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client, REPORTS_MS);
    rd_kafka_destroy(client);
}

static void replace_client(struct producer *producer)
{
    struct error err = {0};
    rd_kafka_t *failed = producer->client;
    rd_kafka_t *client = make_client(producer, &err);
    char reason[256];

    rd_kafka_fatal_error(failed, reason, sizeof reason);
    if (client == NULL) {
        log_failure("the Kafka producer failed for good, and no other can be made", &err,
                    log_str("reason", reason));
        usleep(REPORTS_MS * 1000);
        return;
    }
    log_warning("the Kafka producer failed for good; another takes its place",
                log_str("reason", reason));
    pthread_rwlock_wrlock(&producer->lock);
    producer->client = client;
    pthread_rwlock_unlock(&producer->lock);
    end_client(failed);
}

static void *run_producer(void *context)
{
    struct producer *producer = context;

    while (!atomic_load(&producer->stopping)) {
        rd_kafka_poll(producer->client, POLL_MS);
        if (has_failed(producer->client))
            replace_client(producer);
    }
    return NULL;
}

static void release(struct producer *producer)
{
    pthread_rwlock_destroy(&producer->lock);
    free(producer);
}

struct producer *producer_new(const struct kafka_settings *settings,
                              const struct producer_tuning *tuning, producer_report report,
                              void *context, struct error *err)
{
    struct producer *producer = calloc(1, sizeof *producer);

    if (producer == NULL) {
        error_no_memory(err);
        return NULL;
    }
    producer->settings = *settings;
    producer->tuning = *tuning;
    producer->report = report;
    producer->context = context;
    pthread_rwlock_init(&producer->lock, NULL);
    producer->client = make_client(producer, err);
    if (producer->client == NULL || !thread_start(&producer->thread, run_producer, producer, err)) {
        end_client(producer->client);
        release(producer);
        return NULL;
    }
    return producer;
}

void producer_free(struct producer *producer)
{
    if (producer == NULL)
        return;
    atomic_store(&producer->stopping, true);
    pthread_join(producer->thread, NULL);
    end_client(producer->client);
    release(producer);
}

static rd_kafka_headers_t *make_headers(const struct kafka_message *message)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->headers_count);

    for (size_t at = 0; at < message->headers_count; at++)
        rd_kafka_header_add(headers, message->headers[at].name, -1, message->headers[at].value, -1);
    return headers;
}

bool producer_send(struct producer *producer, const struct kafka_message *message, int64_t tag,
                   struct error *err)
{
    char topic[KAFKA_NAME_BYTES];
    rd_kafka_headers_t *headers = make_headers(message);
    size_t length = message->value == NULL ? 0 : message->length;
    rd_kafka_resp_err_t failure;

    kafka_name(&producer->settings, message->topic, topic);
    pthread_rwlock_rdlock(&producer->lock);
    failure = rd_kafka_producev(
        producer->client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(message->key, strlen(message->key)),
        RD_KAFKA_V_VALUE((void *)message->value, length), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_OPAQUE((void *)(intptr_t)tag), RD_KAFKA_V_END);
    pthread_rwlock_unlock(&producer->lock);
    if (failure == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    rd_kafka_headers_destroy(headers);
    if (failure == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        error_set(err, ERROR_TOO_LARGE, "a message of %zu bytes is too large for Kafka", length);
    else
        error_set(err, ERROR_UNAVAILABLE, "Kafka cannot take a message now");
    return error_detail(err, "%s: %s", topic, rd_kafka_err2str(failure));
}

/* Asks where a topic is (NULL: only whether Kafka answers). */
static bool ask(struct producer *producer, const char *name, int timeout_ms)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = NULL;
    rd_kafka_resp_err_t failure;

    pthread_rwlock_rdlock(&producer->lock);
    if (name != NULL)
        topic = rd_kafka_topic_new(producer->client, name, NULL); /* the client keeps it */
    failure = rd_kafka_metadata(producer->client, 0, topic, &metadata, timeout_ms);
    if (failure == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    if (topic != NULL)
        rd_kafka_topic_destroy(topic);
    pthread_rwlock_unlock(&producer->lock);
    return failure == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void producer_warm_up(struct producer *producer, const char *const *topics, size_t count,
                      int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    char name[KAFKA_NAME_BYTES];

    for (size_t at = 0; at < count; at++) {
        int64_t left = deadline - clock_monotonic_ms();

        if (left <= 0)
            return;
        kafka_name(&producer->settings, topics[at], name);
        if (!ask(producer, name, (int)left))
            return;
    }
}

bool producer_flush(struct producer *producer, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    for (;;) {
        int64_t left = deadline - clock_monotonic_ms();
        bool done;
        bool failed;

        /* in short turns: a client that failed is replaced meanwhile */
        pthread_rwlock_rdlock(&producer->lock);
        done = rd_kafka_flush(producer->client,
                              left < 0 ? 0 : (int)(left < POLL_MS ? left : POLL_MS)) ==
               RD_KAFKA_RESP_ERR_NO_ERROR;
        failed = has_failed(producer->client);
        pthread_rwlock_unlock(&producer->lock);
        if (done || left <= 0)
            return done;
        if (failed)
            usleep(AGAIN_MS * 1000);
    }
}

bool producer_reach(struct producer *producer, int timeout_ms)
{
    if (!atomic_load(&producer->down))
        return true;
    if (!ask(producer, NULL, timeout_ms))
        return false;
    atomic_store(&producer->down, false);
    return true;
}

void producer_break(struct producer *producer)
{
    pthread_rwlock_rdlock(&producer->lock);
    rd_kafka_test_fatal_error(producer->client, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                              "broken for a test");
    pthread_rwlock_unlock(&producer->lock);
}
