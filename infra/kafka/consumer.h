/*
 * consumer.h - reads one topic as a member of a consumer group.
 *
 * One thread polls; any thread settles messages, in any order. The offset that Kafka gets is the
 * end of the unbroken settled run of a partition, so that nothing unsettled is ever skipped.
 */
#ifndef TRAINYARD_INFRA_KAFKA_CONSUMER_H
#define TRAINYARD_INFRA_KAFKA_CONSUMER_H

#include "infra/base/error.h"
#include "infra/kafka/settings.h"

#include <stddef.h>
#include <stdint.h>

struct consumer;

/* Valid until consumer_message_clear(). */
struct consumer_message {
    int partition;
    int64_t offset;
    const char *key; /* not ended by NUL; NULL: none */
    size_t key_length;
    const char *value; /* not ended by NUL; NULL: none */
    size_t value_length;
    void *handle;
};

struct consumer_tuning {
    int prefetch_messages;
    int prefetch_kb;
};

/*
 * Joins a group (both names without prefix). The topic need not be there yet, nor Kafka. NULL on
 * failure (ERROR_INTERNAL). Free with consumer_free().
 */
MUST_CHECK struct consumer *consumer_new(const struct kafka_settings *settings, const char *group,
                                         const char *topic, const struct consumer_tuning *tuning,
                                         struct error *err);

/* Commits what is settled and leaves the group; gives up after 10 s. NULL is allowed. */
void consumer_free(struct consumer *consumer);

/* Waits up to timeout_ms for a message; false if none came. The polling thread only. */
bool consumer_poll(struct consumer *consumer, int timeout_ms, struct consumer_message *message);
void consumer_message_clear(struct consumer_message *message);

/* Says that a message need not be read again. Any thread; harmless after the partition was taken
 * away. */
void consumer_settle(struct consumer *consumer, int partition, int64_t offset);

/* Stops and starts fetching of all partitions; polling must go on. The polling thread only. */
void consumer_pause(struct consumer *consumer);
void consumer_resume(struct consumer *consumer);

/* How many partitions are assigned. Any thread. */
int consumer_assigned(struct consumer *consumer);

#endif
