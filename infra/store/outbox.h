/*
 * outbox.h - messages that were committed with what they tell of, on their way to Kafka.
 *
 * A row is taken by one process until its time runs out; it is deleted once Kafka has the message.
 */
#ifndef TRAINYARD_INFRA_STORE_OUTBOX_H
#define TRAINYARD_INFRA_STORE_OUTBOX_H

#include "infra/postgres/pg.h"

extern const struct pg_sql outbox_sql;

/* Adds a message of JSON that no process holds yet: the next sweep publishes it. topic without
 * prefix. */
MUST_CHECK bool outbox_insert(struct pg *db, const char *topic, const char *key, const char *value,
                              int64_t *id, struct error *err);

/* Takes up to most rows that nobody holds, for 35 s. Rows: id, topic, key, value, headers (JSON).
 */
MUST_CHECK struct pg_rows *outbox_take(struct pg *db, int most, struct error *err);

/* Deletes rows whose messages Kafka has. */
MUST_CHECK bool outbox_delete(struct pg *db, const int64_t *ids, size_t count, struct error *err);

/* How many rows wait, and the age of the oldest in seconds. */
MUST_CHECK bool outbox_depth(struct pg *db, int64_t *rows, double *oldest_s, struct error *err);

#endif
