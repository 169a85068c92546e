/*
 * jobs.h - jobs in the database: what is to be done, what is being done, what came of it.
 *
 * The moves of a job (claim, finish, reap, cancel) are functions of the schema, see
 * schemas/sql/0002_way_of_a_job.sql. Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_JOBS_H
#define TRAINYARD_INFRA_STORE_JOBS_H

#include "infra/postgres/pg.h"
#include "schemas/states.h"

extern const struct pg_sql jobs_sql;

/* Points into rows, which the struct owns when it was found alone; clear with job_clear(). */
struct job {
    const char *id;
    const char *account;
    const char *pool;          /* build, retrain ... */
    const char *kind;          /* model_build ... */
    const char *model_name;    /* NULL: none */
    const char *version_id;    /* NULL: none */
    const char *deployment_id; /* NULL: none */
    enum job_status status;
    int run;
    int failures;
    int max_attempts;
    int progress;              /* 0 to 100 */
    const char *stage;         /* NULL: none yet */
    const char *result;        /* JSON; NULL: none */
    const char *error_code;    /* NULL: none */
    const char *error_message; /* NULL: none */
    int log_lines;             /* of the last run that ended; -1: not known */
    const char *created_at;    /* all times as RFC 3339, NULL: not yet */
    const char *updated_at;
    const char *started_at;
    const char *completed_at;
    const char *available_at;
    const char *message; /* what it was asked to do, JSON */
    struct pg_rows *rows;
};

struct new_job {
    const char *id;
    const char *account;
    const char *pool;
    const char *kind;
    const char *key;      /* NULL: no rule */
    const char *model_id; /* these four may be NULL */
    const char *model_name;
    const char *version_id;
    const char *deployment_id;
    const char *message; /* what goes to Kafka */
    const char *topic_key;
    const char *traceparent; /* may be NULL */
};

/*
 * Inserts the job and its outbox row in one statement, the row taken by the caller for 35 s:
 * *outbox_id is what outbox_publisher_send() wants after the commit. ERROR_RATE_LIMIT when the
 * account has too many jobs of the pool waiting.
 */
MUST_CHECK bool jobs_insert(struct pg *db, const struct new_job *job, int64_t *outbox_id,
                            struct error *err);

/* A job of an account; ERROR_NOT_FOUND. */
MUST_CHECK bool jobs_find(struct pg *db, const char *account, const char *id, struct job *job,
                          struct error *err);

struct jobs_filter {
    const char *account;
    const char *status; /* NULL: all; else a word of the states */
    const char *kind;   /* NULL: all */
    const char *sort;   /* "created_at" or "updated_at" */
    bool ascending;
    int limit;
    int offset;
};

/* A page of jobs, read with job_read(); *total counts all that fit. Free with pg_rows_free(). */
MUST_CHECK struct pg_rows *jobs_list(struct pg *db, const struct jobs_filter *filter,
                                     int64_t *total, struct error *err);
void job_read(const struct pg_rows *rows, size_t row, struct job *job);
void job_clear(struct job *job);

/*
 * How many of its account's jobs of its pool wait before this one, for "place in the queue". At
 * most as many rows are counted as an account may have waiting.
 */
MUST_CHECK bool jobs_ahead(struct pg *db, const char *id, int64_t *ahead, struct error *err);

/* Those of ids that have ended, or are gone. Rows: id. Free with pg_rows_free(). */
MUST_CHECK struct pg_rows *jobs_ended(struct pg *db, const char *const *ids, size_t count,
                                      struct error *err);

/* Cancels what waits, asks what runs to end; *status is what it is after that. ERROR_NOT_FOUND. */
MUST_CHECK bool jobs_cancel(struct pg *db, const char *account, const char *id,
                            enum job_status *status, struct error *err);

/*
 * Claims those of ids that may run now. Rows: id, run, account, model_name, message, failures,
 * traceparent of each job won. NULL on failure. Free with pg_rows_free().
 */
MUST_CHECK struct pg_rows *jobs_claim(struct pg *db, const char *pool, const char *const *ids,
                                      size_t count, const char *owner, int lease_s,
                                      struct error *err);

/* Up to most ids of jobs that wait, some of each account in turn. Rows: id. */
MUST_CHECK struct pg_rows *jobs_waiting(struct pg *db, const char *pool, int each, int most,
                                        struct error *err);

/* Ends runs: items as finish_jobs() of the schema wants them. Rows: the ids for which it took
 * effect. */
MUST_CHECK struct pg_rows *jobs_finish(struct pg *db, const char *items, struct error *err);

/* Per pool: waiting, oldest_age_s, running. Rows: pool, waiting, oldest_age_s, running. */
MUST_CHECK struct pg_rows *jobs_depths(struct pg *db, struct error *err);

#endif
