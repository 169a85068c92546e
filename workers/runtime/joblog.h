/*
 * joblog.h - the lines that jobs write, on their way to the log topic.
 *
 * Each line has a number within its run. It is kept until Kafka has it; what Kafka has not taken
 * when the run ends, this process writes to PostgreSQL itself, so that the lines of a finished run
 * are 0, 1, 2 ... without a gap, also with Kafka away. Lines that are written twice are one: the
 * database knows them by (job, run, number). Every function may be called from any thread; one run
 * is written by one thread.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_JOBLOG_H
#define TRAINYARD_WORKERS_RUNTIME_JOBLOG_H

#include "infra/base/error.h"

#include <stdbool.h>

struct joblog;
struct joblog_run;
struct kafka_settings;
struct pg_pool;
struct run_job;

/* Borrows db, which must outlive the result. NULL on failure. Free with joblog_free(). */
MUST_CHECK struct joblog *joblog_new(struct pg_pool *db, const struct kafka_settings *kafka,
                                     struct error *err);

/* Flushes for a bounded time. All runs must have been closed or abandoned. */
void joblog_free(struct joblog *joblog);

/* The log of one run; job must outlive it. NULL when memory runs out. End with close or abandon. */
MUST_CHECK struct joblog_run *joblog_open(struct joblog *joblog, const struct run_job *job,
                                          struct error *err);

/* Writes a line; progress is -1 and stage NULL for a line that tells none. Does not wait for Kafka.
 */
void joblog_write(struct joblog_run *run, const char *level, const char *message, int progress,
                  const char *stage);

/*
 * Waits up to 5 s for Kafka, then writes the rest to PostgreSQL, trying until it is there or
 * give_up(context) is true. Returns the number of lines, -1 if it gave up. Frees run.
 */
int joblog_close(struct joblog_run *run, bool (*give_up)(void *context), void *context);

/* Frees run without waiting; lines on their way may still arrive. NULL is allowed. */
void joblog_abandon(struct joblog_run *run);

#endif
