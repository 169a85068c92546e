/*
 * pg.h - one session with PostgreSQL: statements, rows, transactions.
 *
 * Statements are static texts, prepared at first use and found again by their address. Every call
 * has a time limit, so that a database that stands still cannot hold a thread: the session is then
 * closed and opened anew at the next use. One thread at a time.
 */
#ifndef TRAINYARD_INFRA_POSTGRES_PG_H
#define TRAINYARD_INFRA_POSTGRES_PG_H

#include "infra/base/buffer.h"
#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct pg;
struct pg_rows;

/* The statements of one file, for the test that prepares them all. */
struct pg_sql {
    const char *const *statements;
    size_t count;
};

#define PG_SQL(array)                                                                              \
    {                                                                                              \
        (array), sizeof(array) / sizeof *(array)                                                   \
    }

/* The parameters of a statement as texts; NULL is null. PG_NONE when there are none. */
struct pg_values {
    const char *const *texts;
    size_t count;
};

#define PG_VALUES(...)                                                                             \
    ((struct pg_values){(const char *const[]){__VA_ARGS__},                                        \
                        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})
#define PG_NONE ((struct pg_values){NULL, 0})

/* A number as a parameter: PG_VALUES(pg_number(5).text). Lives as long as the statement's call. */
struct pg_number {
    char text[32];
};

struct pg_number pg_number(int64_t value);

/* Opens a session. NULL on failure (ERROR_UNAVAILABLE). Free with pg_close(). */
MUST_CHECK struct pg *pg_open(const char *url, struct error *err);
void pg_close(struct pg *pg);

/* Makes sure that the session is usable, opening it anew if it broke (ERROR_UNAVAILABLE). */
MUST_CHECK bool pg_revive(struct pg *pg, struct error *err);

/* How long a statement may take, in milliseconds (default 30000). */
void pg_set_timeout(struct pg *pg, int timeout_ms);

/*
 * Runs sql, one statement with parameters $1 ..., and returns its rows, to be freed with
 * pg_rows_free(). sql must be static. NULL on failure: ERROR_CONFLICT for a duplicate key,
 * ERROR_UNAVAILABLE for what may work later, else ERROR_INTERNAL.
 */
MUST_CHECK struct pg_rows *pg_query(struct pg *pg, const char *sql, struct pg_values values,
                                    struct error *err);

/* The same when only success counts. */
MUST_CHECK bool pg_exec(struct pg *pg, const char *sql, struct pg_values values, struct error *err);

/* The same; *changed is the number of rows that were inserted, updated, deleted or returned. */
MUST_CHECK bool pg_exec_count(struct pg *pg, const char *sql, struct pg_values values,
                              size_t *changed, struct error *err);

/* Runs a script of several statements without parameters. */
MUST_CHECK bool pg_script(struct pg *pg, const char *script, struct error *err);

/* Only prepares sql, to learn whether it fits the schema. */
MUST_CHECK bool pg_prepare(struct pg *pg, const char *sql, struct error *err);

MUST_CHECK bool pg_begin(struct pg *pg, struct error *err);
MUST_CHECK bool pg_commit(struct pg *pg, struct error *err);
/* Ends a transaction without effect, if one is open. */
void pg_rollback(struct pg *pg);

/*
 * Waits up to timeout_ms for a notification on a channel that was LISTENed to, or until wake_fd can
 * be read; true if one came.
 */
bool pg_wait_notification(struct pg *pg, int wake_fd, int timeout_ms);

size_t pg_rows_count(const struct pg_rows *rows);
/* A cell; NULL when it is null. Owned by rows. */
const char *pg_text(const struct pg_rows *rows, size_t row, int column);
/* A cell, "" when it is null. */
const char *pg_text_or_empty(const struct pg_rows *rows, size_t row, int column);
/* A cell as a number or truth; 0 or false when it is null. */
int64_t pg_int(const struct pg_rows *rows, size_t row, int column);
double pg_double(const struct pg_rows *rows, size_t row, int column);
bool pg_bool(const struct pg_rows *rows, size_t row, int column);
void pg_rows_free(struct pg_rows *rows);

/* Writes texts as an array parameter, such as {"a","b"}. */
void pg_array(struct buffer *array, const char *const *texts, size_t count);

#endif
