/*
 * support.h - what integration tests stand on: a database and topics of their own, on the servers
 * that scripts/test started.
 */
#ifndef TRAINYARD_TESTS_INTEGRATION_SUPPORT_H
#define TRAINYARD_TESTS_INTEGRATION_SUPPORT_H

#include "infra/kafka/settings.h"
#include "infra/postgres/pg.h"
#include "infra/postgres/pool.h"

/* A migrated database of its own, with one account, and a topic prefix of its own. */
struct support {
    char url[512];
    char database[64];
    char prefix[64];
    const char
        *account; /* id; at most POOL_LIMIT jobs of its pool "predict" run, which tests use */
    struct kafka_settings kafka;
    struct pg_pool *pool;
    struct pg *db; /* a session for the test itself */
};

enum { POOL_LIMIT = 1000 };

/* Fails the test when the servers cannot be reached. */
void support_init(struct support *support);

/* The same with all topics made. */
void support_init_with_topics(struct support *support);

/* Closes the sessions and drops the database. */
void support_clear(struct support *support);

/* Runs a statement and returns the first cell, in a static buffer; "" when there is none. */
const char *support_text(struct support *support, const char *sql, struct pg_values values);
int64_t support_int(struct support *support, const char *sql, struct pg_values values);

/* Inserts a job of the pool "predict" with this id (and key, may be NULL), as if accepted. */
void support_insert_job(struct support *support, const char *id, const char *key);

/* Waits up to timeout_s until sql answers wanted; fails the test otherwise. */
void support_wait_for(struct support *support, const char *sql, struct pg_values values,
                      const char *wanted, int timeout_s);

/* Stops, starts or kills a server of the test: which is "KAFKA" or "POSTGRES". */
void support_control(const char *which, const char *verb);

#endif
