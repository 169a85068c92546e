/*
 * publisher.h - brings jobs and dead letters from the outbox to Kafka.
 *
 * The process that committed a message sends it at once; when Kafka has it the row is deleted, with
 * others, by a thread of its own. What a process could not send, because it died or Kafka was away,
 * another finds: each sweeps rows that nobody holds. Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_RELAY_PUBLISHER_H
#define TRAINYARD_INFRA_RELAY_PUBLISHER_H

#include "infra/kafka/producer.h"

struct metrics;
struct pg_pool;
struct publisher;

/* Borrows db and metrics. NULL on failure. Free with publisher_free(). */
MUST_CHECK struct publisher *publisher_new(struct pg_pool *db, const struct kafka_settings *kafka,
                                           struct metrics *metrics, struct error *err);

/* Sends what is on its way, for at most 5 s; the rest is swept by others. NULL is allowed. */
void publisher_free(struct publisher *publisher);

/*
 * Sends the message of an outbox row that this process has just committed. Never waits, never
 * fails: what cannot be sent now is swept later.
 */
void publisher_send(struct publisher *publisher, int64_t outbox_id,
                    const struct kafka_message *message);

#endif
