/* consumer.c - see consumer.h. */
#include "infra/kafka/consumer.h"

#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/kafka/client.h"
#include "infra/kafka/offsets.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cooperative rebalancing loses its assignment or loops before this version (librdkafka 4059,
 * 4783). */
enum { COOPERATIVE_IS_SOUND = 0x020a00ff };

struct consumer {
    /* read-only after _new */
    char topic[KAFKA_NAME_BYTES];
    rd_kafka_t *client;

    /* the polling thread only */
    bool paused;
    bool told_missing; /* that the topic is not there */

    atomic_int assigned;

    /* guarded by lock */
    pthread_mutex_t lock;
    struct offsets *offsets;
};

static bool is_cooperative(const rd_kafka_t *client)
{
    const char *protocol = rd_kafka_rebalance_protocol((rd_kafka_t *)client);

    return strcmp(protocol, "COOPERATIVE") == 0;
}

static void on_assigned(struct consumer *consumer, rd_kafka_topic_partition_list_t *partitions)
{
    rd_kafka_error_t *failure = NULL;

    if (is_cooperative(consumer->client))
        failure = rd_kafka_incremental_assign(consumer->client, partitions);
    else
        rd_kafka_assign(consumer->client, partitions);
    rd_kafka_error_destroy(failure);
    if (consumer->paused) /* a pause holds for what comes later too */
        rd_kafka_pause_partitions(consumer->client, partitions);
    atomic_fetch_add(&consumer->assigned, partitions->cnt);
}

static void on_revoked(struct consumer *consumer, rd_kafka_topic_partition_list_t *partitions)
{
    rd_kafka_error_t *failure = NULL;

    pthread_mutex_lock(&consumer->lock);
    for (int at = 0; at < partitions->cnt; at++)
        offsets_forget(consumer->offsets, partitions->elems[at].partition);
    pthread_mutex_unlock(&consumer->lock);
    if (is_cooperative(consumer->client))
        failure = rd_kafka_incremental_unassign(consumer->client, partitions);
    else
        rd_kafka_assign(consumer->client, NULL);
    rd_kafka_error_destroy(failure);
    atomic_fetch_sub(&consumer->assigned, partitions->cnt);
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t event,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct consumer *consumer = opaque;

    (void)client;
    log_debug("rebalance", log_str("topic", consumer->topic),
              log_str("event", rd_kafka_err2name(event)), log_int("partitions", partitions->cnt));
    if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        on_assigned(consumer, partitions);
    else
        on_revoked(consumer, partitions);
}

static rd_kafka_conf_t *make_conf(const struct kafka_settings *settings, const char *group,
                                  const struct consumer_tuning *tuning, struct error *err)
{
    char full_group[KAFKA_NAME_BYTES];
    char messages[16];
    char kilobytes[16];
    const char *strategy =
        rd_kafka_version() < COOPERATIVE_IS_SOUND ? "roundrobin" : "cooperative-sticky";
    const struct kafka_property properties[] = {{"group.id", full_group},
                                                {"partition.assignment.strategy", strategy},
                                                {"enable.auto.commit", "true"},
                                                {"auto.commit.interval.ms", "1000"},
                                                {"enable.auto.offset.store", "false"},
                                                {"auto.offset.reset", "earliest"},
                                                {"allow.auto.create.topics", "false"},
                                                {"topic.metadata.refresh.interval.ms", "10000"},
                                                {"queued.min.messages", messages},
                                                {"queued.max.messages.kbytes", kilobytes},
                                                {"check.crcs", "true"},
                                                {NULL, NULL}};

    kafka_name(settings, group, full_group);
    snprintf(messages, sizeof messages, "%d", tuning->prefetch_messages);
    snprintf(kilobytes, sizeof kilobytes, "%d", tuning->prefetch_kb);
    return kafka_conf_new(settings, properties, err);
}

static bool subscribe(struct consumer *consumer, struct error *err)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t failure;

    rd_kafka_topic_partition_list_add(topics, consumer->topic, RD_KAFKA_PARTITION_UA);
    failure = rd_kafka_subscribe(consumer->client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (failure == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    error_set(err, ERROR_INTERNAL, "could not subscribe to a topic of Kafka");
    return error_detail(err, "%s: %s", consumer->topic, rd_kafka_err2str(failure));
}

static bool make_client(struct consumer *consumer, const struct kafka_settings *settings,
                        const char *group, const struct consumer_tuning *tuning, struct error *err)
{
    rd_kafka_conf_t *conf = make_conf(settings, group, tuning, err);
    rd_kafka_t *client;
    char reason[256];

    if (conf == NULL)
        return false;
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        error_set(err, ERROR_INTERNAL, "the connection to Kafka could not be set up");
        return error_detail(err, "%s", reason);
    }
    consumer->client = client;
    rd_kafka_poll_set_consumer(client);
    return subscribe(consumer, err);
}

struct consumer *consumer_new(const struct kafka_settings *settings, const char *group,
                              const char *topic, const struct consumer_tuning *tuning,
                              struct error *err)
{
    struct consumer *consumer = calloc(1, sizeof *consumer);

    if (consumer == NULL) {
        error_no_memory(err);
        return NULL;
    }
    pthread_mutex_init(&consumer->lock, NULL);
    kafka_name(settings, topic, consumer->topic);
    consumer->offsets = offsets_new(err);
    if (consumer->offsets == NULL || !make_client(consumer, settings, group, tuning, err)) {
        consumer_free(consumer);
        return NULL;
    }
    return consumer;
}

/* Closing can hang in librdkafka when the coordinator is away (4187, 4527, 4724). */
struct closing {
    rd_kafka_t *client;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
    bool abandoned;
};

static void closing_free(struct closing *closing)
{
    pthread_cond_destroy(&closing->ended);
    pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static void *run_close(void *context)
{
    struct closing *closing = context;
    bool abandoned;

    rd_kafka_consumer_close(closing->client);
    rd_kafka_destroy(closing->client);
    pthread_mutex_lock(&closing->lock);
    closing->done = true;
    abandoned = closing->abandoned;
    pthread_cond_signal(&closing->ended);
    pthread_mutex_unlock(&closing->lock);
    if (abandoned)
        closing_free(closing);
    return NULL;
}

/* Closes the client; false when that takes too long: the client then stays behind. */
static bool close_client(rd_kafka_t *client)
{
    struct closing *closing = calloc(1, sizeof *closing);
    struct error err = {0};
    pthread_t thread;
    bool done;

    if (closing == NULL)
        return false;
    closing->client = client;
    pthread_mutex_init(&closing->lock, NULL);
    cond_init(&closing->ended);
    if (!thread_start(&thread, run_close, closing, &err)) {
        closing_free(closing);
        return false;
    }
    pthread_mutex_lock(&closing->lock);
    while (!closing->done && cond_wait(&closing->ended, &closing->lock, KAFKA_CLOSE_S * 1000))
        continue;
    done = closing->done;
    closing->abandoned = !done;
    pthread_mutex_unlock(&closing->lock);
    if (!done) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    closing_free(closing);
    return true;
}

void consumer_free(struct consumer *consumer)
{
    if (consumer == NULL)
        return;
    if (consumer->client != NULL && !close_client(consumer->client)) {
        log_warning("a Kafka consumer does not close; it is left behind",
                    log_str("topic", consumer->topic));
        return; /* its callbacks may still use the struct */
    }
    offsets_free(consumer->offsets);
    pthread_mutex_destroy(&consumer->lock);
    free(consumer);
}

static void note_error(struct consumer *consumer, const rd_kafka_message_t *message)
{
    bool missing = message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

    if (!missing)
        log_debug("kafka consumer", log_str("topic", consumer->topic),
                  log_str("detail", rd_kafka_message_errstr(message)));
    else if (!consumer->told_missing)
        log_warning("a topic is not there yet; run: trainyard topics",
                    log_str("topic", consumer->topic));
    consumer->told_missing |= missing;
}

bool consumer_poll(struct consumer *consumer, int timeout_ms, struct consumer_message *message)
{
    rd_kafka_message_t *got = rd_kafka_consumer_poll(consumer->client, timeout_ms);
    bool kept;

    if (got == NULL)
        return false;
    if (got->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_error(consumer, got);
        rd_kafka_message_destroy(got);
        return false;
    }
    pthread_mutex_lock(&consumer->lock);
    kept = offsets_read(consumer->offsets, got->partition, got->offset);
    pthread_mutex_unlock(&consumer->lock);
    if (!kept) { /* unread for this process; its place in the log is kept by what is not settled */
        log_error("out of memory while reading from Kafka", log_str("topic", consumer->topic));
        abort();
    }
    *message = (struct consumer_message){.partition = got->partition,
                                         .offset = got->offset,
                                         .key = got->key,
                                         .key_length = got->key_len,
                                         .value = got->payload,
                                         .value_length = got->len,
                                         .handle = got};
    return true;
}

void consumer_message_clear(struct consumer_message *message)
{
    if (message->handle != NULL)
        rd_kafka_message_destroy(message->handle);
    *message = (struct consumer_message){0};
}

static void store(struct consumer *consumer, int partition, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, consumer->topic, partition)->offset = offset;
    /* ERR__STATE: the partition was taken away just now; whoever has it reads on from what is
     * stored */
    rd_kafka_offsets_store(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void consumer_settle(struct consumer *consumer, int partition, int64_t offset)
{
    int64_t next;

    pthread_mutex_lock(&consumer->lock);
    next = offsets_settle(consumer->offsets, partition, offset);
    if (next >= 0) /* in memory only, and in order: under the lock */
        store(consumer, partition, next);
    pthread_mutex_unlock(&consumer->lock);
}

static void set_paused(struct consumer *consumer, bool paused)
{
    rd_kafka_topic_partition_list_t *partitions = NULL;

    if (consumer->paused == paused) /* never resume what is not paused: it would rewind (4686) */
        return;
    consumer->paused = paused;
    if (rd_kafka_assignment(consumer->client, &partitions) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    if (paused)
        rd_kafka_pause_partitions(consumer->client, partitions);
    else
        rd_kafka_resume_partitions(consumer->client, partitions);
    rd_kafka_topic_partition_list_destroy(partitions);
}

void consumer_pause(struct consumer *consumer)
{
    set_paused(consumer, true);
}

void consumer_resume(struct consumer *consumer)
{
    set_paused(consumer, false);
}

int consumer_assigned(struct consumer *consumer)
{
    return atomic_load(&consumer->assigned);
}
