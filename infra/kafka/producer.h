/*
 * producer.h - sends messages to Kafka, and tells what came of each.
 *
 * Idempotent, acknowledged by all in-sync replicas. A thread of its own collects the delivery
 * reports. Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_KAFKA_PRODUCER_H
#define TRAINYARD_INFRA_KAFKA_PRODUCER_H

#include "infra/base/error.h"
#include "infra/kafka/settings.h"

#include <stddef.h>
#include <stdint.h>

struct producer;

struct kafka_header {
    const char *name;
    const char *value;
};

/* Borrowed by producer_send() for the time of the call. */
struct kafka_message {
    const char *topic; /* without the prefix */
    const char *key;
    const char *value; /* NULL: a tombstone */
    size_t length;
    const struct kafka_header *headers;
    size_t headers_count;
};

struct producer_tuning {
    int linger_ms;           /* 0: each message goes at once */
    int delivery_timeout_ms; /* then a message is given up, and reported so */
    int queue_messages;      /* how many may be on their way */
};

/*
 * Called on the producer's thread, or on one that is in producer_flush(); tag is what
 * producer_send() was given. It must not call the producer.
 */
typedef void (*producer_report)(void *context, int64_t tag, bool delivered);

/* report may be NULL. NULL on failure (ERROR_INTERNAL): Kafka need not be there. */
MUST_CHECK struct producer *producer_new(const struct kafka_settings *settings,
                                         const struct producer_tuning *tuning,
                                         producer_report report, void *context, struct error *err);

/* Gives up what is on its way (reported as not delivered) and frees the producer. NULL is allowed.
 */
void producer_free(struct producer *producer);

/*
 * Sends a copy of the message. False if it cannot be taken, and then there is no report:
 * ERROR_UNAVAILABLE, the queue is full or the topic is not there; ERROR_TOO_LARGE, it never can be.
 */
MUST_CHECK bool producer_send(struct producer *producer, const struct kafka_message *message,
                              int64_t tag, struct error *err);

/*
 * Learns where topics are, waiting at most timeout_ms in all: else the first message of each is up
 * to a second late (librdkafka before 2.10.1).
 */
void producer_warm_up(struct producer *producer, const char *const *topics, size_t count,
                      int timeout_ms);

/* Waits until nothing is on its way; false when the time ran out. */
bool producer_flush(struct producer *producer, int timeout_ms);

/*
 * Whether Kafka can be reached. While it is known to be away, a broker is asked for at most
 * timeout_ms; otherwise the answer comes at once.
 */
bool producer_reach(struct producer *producer, int timeout_ms);

/* Makes the client fail for good, as librdkafka can: for tests, which see that another takes its
 * place. */
void producer_break(struct producer *producer);

#endif
