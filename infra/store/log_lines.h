/*
 * log_lines.h - the lines that runs of jobs wrote, in the database.
 *
 * A line is known by (job, run, seq): inserting it twice is inserting it once. Every function uses
 * the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_LOG_LINES_H
#define TRAINYARD_INFRA_STORE_LOG_LINES_H

#include "infra/postgres/pg.h"
#include "schemas/log_record.h"

extern const struct pg_sql log_lines_sql;

/* Inserts lines in one statement; those that are there already stay as they are. */
MUST_CHECK bool log_lines_insert(struct pg *db, const struct log_record *records, size_t count,
                                 struct error *err);

/* One line; texts are owned by the rows it was read from. */
struct log_line {
    const char *job_id;
    int run;
    int seq;
    const char *model; /* "" when the job has none */
    const char *at;    /* RFC 3339 */
    const char *level;
    const char *message;
    int progress;      /* -1: none */
    const char *stage; /* NULL: none */
};

struct log_lines_filter {
    const char *account;
    const char *job_id; /* NULL: all jobs */
    const char *level;  /* the least level, such as WARNING; NULL: all */
    int limit;
    int offset;
};

/*
 * A page of lines, the oldest first, read with log_line_read(); *total counts all that fit. Free
 * with pg_rows_free().
 */
MUST_CHECK struct pg_rows *log_lines_list(struct pg *db, const struct log_lines_filter *filter,
                                          int64_t *total, struct error *err);
void log_line_read(const struct pg_rows *rows, size_t row, struct log_line *line);

/* Who has seen the lines of a job up to (run, seq); (0, -1) has seen none. */
struct log_cursor {
    const char *job_id;
    int run;
    int seq;
};

/* How a job stood when its lines were read. */
struct followed_job {
    const char *status; /* NULL: the job is gone */
    int run;
    int log_lines;      /* of the last run, -1: not known */
    double ended_ago_s; /* -1: it has not ended */
};

/*
 * For each cursor up to most lines after it, by (run, seq), and the state of its job, all of one
 * moment and in one round trip. Rows come cursor by cursor, in their order; a cursor without
 * lines has one row. Read with the functions below, free with pg_rows_free().
 */
MUST_CHECK struct pg_rows *log_lines_follow(struct pg *db, const struct log_cursor *cursors,
                                            size_t count, int most, struct error *err);

/* Which cursor a row belongs to. */
size_t followed_cursor(const struct pg_rows *rows, size_t row);
void followed_job_read(const struct pg_rows *rows, size_t row, struct followed_job *job);
/* The row's line and how long ago it was written; false when it has none. */
bool followed_line_read(const struct pg_rows *rows, size_t row, struct log_line *line,
                        double *age_s);

#endif
