/*
 * collector.h - the logs pool: writes the lines of the log topic into PostgreSQL.
 *
 * Batches of at most 50 ms or 1,000 lines; the offset is stored after the commit, and the database
 * knows lines by (job, run, seq), so that each is there once.
 */
#ifndef TRAINYARD_WORKERS_LOGS_COLLECTOR_H
#define TRAINYARD_WORKERS_LOGS_COLLECTOR_H

#include "infra/base/error.h"

struct collector;
struct kafka_settings;
struct metrics;
struct pg_pool;

/* Borrows db and metrics. NULL on failure. */
MUST_CHECK struct collector *collector_new(struct pg_pool *db, const struct kafka_settings *kafka,
                                           struct metrics *metrics, struct error *err);

/* Writes what it holds if the database answers, and stops. NULL is allowed. */
void collector_free(struct collector *collector);

#endif
