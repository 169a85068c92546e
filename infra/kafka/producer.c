/* producer.c - see producer.h. */
#include "infra/kafka/producer.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/kafka/client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 100 };

struct producer {
    /* read-only after _new */
    struct kafka_settings settings;
    rd_kafka_t *client;
    producer_report report;
    void *context;
    pthread_t thread;

    atomic_bool stopping;
    atomic_bool down; /* no broker is connected */
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
        log_warning("Kafka is away; messages wait in the outbox", log_str("detail", reason));
    else if (code == RD_KAFKA_RESP_ERR__FATAL)
        log_error("the Kafka producer failed for good; the process must be started anew",
                  log_str("detail", reason));
}

static void *run_producer(void *context)
{
    struct producer *producer = context;

    while (!atomic_load(&producer->stopping))
        rd_kafka_poll(producer->client, POLL_MS);
    return NULL;
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

struct producer *producer_new(const struct kafka_settings *settings,
                              const struct producer_tuning *tuning, producer_report report,
                              void *context, struct error *err)
{
    struct producer *producer = calloc(1, sizeof *producer);
    rd_kafka_conf_t *conf = producer == NULL ? NULL : make_conf(settings, tuning, err);
    char reason[256];

    if (conf == NULL) {
        if (producer == NULL)
            error_no_memory(err);
        free(producer);
        return NULL;
    }
    producer->settings = *settings;
    producer->report = report;
    producer->context = context;
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (producer->client == NULL) {
        rd_kafka_conf_destroy(conf);
        free(producer);
        error_set(err, ERROR_INTERNAL, "the connection to Kafka could not be set up");
        error_detail(err, "%s", reason);
        return NULL;
    }
    if (!thread_start(&producer->thread, run_producer, producer, err)) {
        rd_kafka_destroy(producer->client);
        free(producer);
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
    rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer->client, 1000); /* serves the reports of what was purged */
    rd_kafka_destroy(producer->client);
    free(producer);
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
    failure = rd_kafka_producev(
        producer->client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(message->key, strlen(message->key)),
        RD_KAFKA_V_VALUE((void *)message->value, length), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_OPAQUE((void *)(intptr_t)tag), RD_KAFKA_V_END);
    if (failure == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    rd_kafka_headers_destroy(headers);
    error_set(err, ERROR_UNAVAILABLE, "Kafka cannot take a message now");
    return error_detail(err, "%s: %s", topic, rd_kafka_err2str(failure));
}

void producer_warm_up(struct producer *producer, const char *const *topics, size_t count,
                      int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    char name[KAFKA_NAME_BYTES];

    for (size_t at = 0; at < count; at++) {
        int64_t left = deadline - clock_monotonic_ms();
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_topic_t *topic;

        if (left <= 0)
            return;
        kafka_name(&producer->settings, topics[at], name);
        topic = rd_kafka_topic_new(producer->client, name, NULL); /* stays known to the client */
        if (topic == NULL)
            continue;
        if (rd_kafka_metadata(producer->client, 0, topic, &metadata, (int)left) ==
            RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_metadata_destroy(metadata);
        rd_kafka_topic_destroy(topic);
    }
}

bool producer_flush(struct producer *producer, int timeout_ms)
{
    return rd_kafka_flush(producer->client, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool producer_is_connected(struct producer *producer)
{
    return !atomic_load(&producer->down);
}
