/* topics.c - see topics.h. */
#include "infra/kafka/topics.h"

#include "infra/base/clock.h"
#include "infra/kafka/client.h"

#include <stdio.h>
#include <time.h>

enum { TIMEOUT_MS = 30000, LOOK_MS = 50 };

static const struct topic TOPICS[] = {
    {"jobs.build", 12, 30},   {"jobs.retrain", 12, 30}, {"jobs.deploy", 12, 30},
    {"jobs.predict", 12, 30}, {"jobs.dead", 3, 90},     {"logs", 12, 7},
    {"events", 12, 90},       {"state", 12, 0},
};

enum { TOPICS_COUNT = sizeof TOPICS / sizeof *TOPICS };

const struct topic *topics_all(size_t *count)
{
    *count = TOPICS_COUNT;
    return TOPICS;
}

static rd_kafka_NewTopic_t *describe(const struct kafka_settings *settings,
                                     const struct topic *topic, int replication)
{
    char name[KAFKA_NAME_BYTES];
    char reason[256];
    char retention[32];
    rd_kafka_NewTopic_t *made;

    kafka_name(settings, topic->name, name);
    made = rd_kafka_NewTopic_new(name, topic->partitions, replication, reason, sizeof reason);
    if (made == NULL)
        return NULL;
    snprintf(retention, sizeof retention, "%lld", topic->retention_days * 86400000LL);
    if (topic->retention_days == 0)
        rd_kafka_NewTopic_set_config(made, "cleanup.policy", "compact");
    else
        rd_kafka_NewTopic_set_config(made, "retention.ms", retention);
    if (replication >= 3) {
        rd_kafka_NewTopic_set_config(made, "min.insync.replicas", "2");
        rd_kafka_NewTopic_set_config(made, "unclean.leader.election.enable", "false");
    }
    return made;
}

/* Reads the answer: a topic that is there already is as good as made. */
static bool read_results(rd_kafka_event_t *event, struct error *err)
{
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    const rd_kafka_topic_result_t **topics;
    size_t count = 0;

    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL) {
        error_set(err, ERROR_UNAVAILABLE, "could not reach Kafka to make topics; is it running?");
        return error_detail(err, "%s", rd_kafka_event_error_string(event));
    }
    topics = rd_kafka_CreateTopics_result_topics(result, &count);
    for (size_t at = 0; at < count; at++) {
        rd_kafka_resp_err_t failure = rd_kafka_topic_result_error(topics[at]);

        if (failure == RD_KAFKA_RESP_ERR_NO_ERROR ||
            failure == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            continue;
        return error_set(err, ERROR_UNAVAILABLE, "could not make the topic %.100s: %.100s",
                         rd_kafka_topic_result_name(topics[at]),
                         rd_kafka_topic_result_error_string(topics[at]));
    }
    return true;
}

static bool request(rd_kafka_t *client, rd_kafka_NewTopic_t **topics, struct error *err)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    char reason[256];
    rd_kafka_event_t *event;
    bool ok;

    rd_kafka_AdminOptions_set_request_timeout(options, TIMEOUT_MS, reason, sizeof reason);
    rd_kafka_AdminOptions_set_operation_timeout(options, TIMEOUT_MS, reason, sizeof reason);
    rd_kafka_CreateTopics(client, topics, TOPICS_COUNT, options, queue);
    event = rd_kafka_queue_poll(queue, TIMEOUT_MS + 5000);
    if (event == NULL)
        ok = error_set(err, ERROR_UNAVAILABLE, "Kafka did not answer in time");
    else
        ok = read_results(event, err);
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return ok;
}

static bool has_leaders(rd_kafka_t *client, const struct kafka_settings *settings,
                        const struct topic *topic)
{
    const struct rd_kafka_metadata *metadata;
    char name[KAFKA_NAME_BYTES];
    rd_kafka_topic_t *handle;
    bool ready = false;

    kafka_name(settings, topic->name, name);
    handle = rd_kafka_topic_new(client, name, NULL);
    if (rd_kafka_metadata(client, 0, handle, &metadata, 5000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ready = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR &&
                metadata->topics[0].partition_cnt > 0;
        for (int at = 0; ready && at < metadata->topics[0].partition_cnt; at++)
            ready = metadata->topics[0].partitions[at].leader >= 0;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(handle);
    return ready;
}

static bool wait_for_leaders(rd_kafka_t *client, const struct kafka_settings *settings,
                             struct error *err)
{
    static const struct timespec PAUSE = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t deadline = clock_monotonic_ms() + TIMEOUT_MS;

    for (size_t at = 0; at < TOPICS_COUNT; at++)
        while (!has_leaders(client, settings, &TOPICS[at])) {
            if (clock_monotonic_ms() > deadline)
                return error_set(err, ERROR_UNAVAILABLE, "the topic %s has no leader yet",
                                 TOPICS[at].name);
            nanosleep(&PAUSE, NULL);
        }
    return true;
}

bool topics_create(const struct kafka_settings *settings, int replication, struct error *err)
{
    static const struct kafka_property NONE[] = {{NULL, NULL}};
    rd_kafka_NewTopic_t *topics[TOPICS_COUNT] = {NULL};
    rd_kafka_conf_t *conf = kafka_conf_new(settings, NONE, err);
    char reason[256];
    rd_kafka_t *client =
        conf == NULL ? NULL : rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    bool ok = client != NULL;

    if (conf != NULL && client == NULL) {
        rd_kafka_conf_destroy(conf);
        error_set(err, ERROR_INTERNAL, "the connection to Kafka could not be set up");
        error_detail(err, "%s", reason);
    }
    for (size_t at = 0; ok && at < TOPICS_COUNT; at++) {
        topics[at] = describe(settings, &TOPICS[at], replication);
        ok = topics[at] != NULL ||
             error_set(err, ERROR_INTERNAL, "the topic %s cannot be described", TOPICS[at].name);
    }
    ok = ok && request(client, topics, err) && wait_for_leaders(client, settings, err);
    for (size_t at = 0; at < TOPICS_COUNT; at++)
        if (topics[at] != NULL)
            rd_kafka_NewTopic_destroy(topics[at]);
    if (client != NULL)
        rd_kafka_destroy(client);
    return ok;
}
