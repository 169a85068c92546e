/* pg.c - see pg.h. */
#include "infra/postgres/pg.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREPARED_MOST = 256, DEFAULT_TIMEOUT_MS = 30000, PARAMETERS_MOST = 32 };

struct pg {
    PGconn *conn;
    char *url;
    int timeout_ms;
    bool broken; /* a call ran into its time limit: what the session would answer is of no use */
    size_t prepared_count;
    const char *prepared[PREPARED_MOST]; /* the texts it knows, by address */
};

/* A PGresult under a name of ours: callers need not see libpq's header. */
struct pg_rows;

static PGresult *result_of(const struct pg_rows *rows)
{
    return (PGresult *)rows;
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static PGconn *connect_to(const char *url, struct error *err)
{
    static const char *const NAMES[] = {"dbname",
                                        "connect_timeout",
                                        "keepalives_idle",
                                        "tcp_user_timeout",
                                        "application_name",
                                        "options",
                                        NULL};
    const char *const values[] = {
        url,
        "5",
        "10",
        "15000",
        "trainyard",
        "-c idle_in_transaction_session_timeout=10s -c lock_timeout=2s -c timezone=UTC",
        NULL};
    PGconn *conn = PQconnectdbParams(NAMES, values, 1);

    if (PQstatus(conn) != CONNECTION_OK) {
        error_set(err, ERROR_UNAVAILABLE, "could not reach the database; try again later");
        error_detail(err, "%s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    return conn;
}

struct pg *pg_open(const char *url, struct error *err)
{
    struct pg *pg = calloc(1, sizeof *pg);

    if (pg == NULL || (pg->url = strdup(url)) == NULL) {
        pg_close(pg);
        error_no_memory(err);
        return NULL;
    }
    pg->timeout_ms = DEFAULT_TIMEOUT_MS;
    pg->conn = connect_to(url, err);
    if (pg->conn == NULL) {
        pg_close(pg);
        return NULL;
    }
    return pg;
}

void pg_close(struct pg *pg)
{
    if (pg == NULL)
        return;
    PQfinish(pg->conn);
    free(pg->url);
    free(pg);
}

/*
 * Whether the server hung up while the session was idle: seen without asking it anything. What it
 * said last is read first, so the end shows at the second look.
 */
static bool hung_up(const struct pg *pg)
{
    struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};

    for (int look = 0; look < 3 && poll(&fd, 1, 0) > 0; look++)
        if (PQconsumeInput(pg->conn) == 0 || PQstatus(pg->conn) != CONNECTION_OK)
            return true;
    return false;
}

bool pg_revive(struct pg *pg, struct error *err)
{
    if (pg->conn != NULL && !pg->broken && PQstatus(pg->conn) == CONNECTION_OK && !hung_up(pg))
        return true;
    PQfinish(pg->conn);
    pg->prepared_count = 0;
    pg->broken = false;
    pg->conn = connect_to(pg->url, err);
    return pg->conn != NULL;
}

void pg_set_timeout(struct pg *pg, int timeout_ms)
{
    pg->timeout_ms = timeout_ms;
}

struct pg_number pg_number(int64_t value)
{
    struct pg_number number;

    snprintf(number.text, sizeof number.text, "%lld", (long long)value);
    return number;
}

/* Which SQLSTATE classes mean "later": connection, resources, operator, rollback, lock not had. */
static bool is_passing(const char *state)
{
    static const char *const CLASSES[] = {"08", "53", "57", "58", "40", "55", "25P03"};

    for (size_t at = 0; at < sizeof CLASSES / sizeof *CLASSES; at++)
        if (strncmp(state, CLASSES[at], strlen(CLASSES[at])) == 0)
            return true;
    return false;
}

static bool fail(struct pg *pg, const PGresult *result, struct error *err)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (state != NULL && strcmp(state, "23505") == 0)
        error_set(err, ERROR_CONFLICT, "it exists already");
    else if (state == NULL || is_passing(state))
        error_set(err, ERROR_UNAVAILABLE, "the database could not answer; try again later");
    else
        error_set(err, ERROR_INTERNAL, "the request could not be carried out");
    return error_detail(err, "%s %s", state == NULL ? "" : state,
                        result == NULL ? PQerrorMessage(pg->conn) : PQresultErrorMessage(result));
}

/* Waits until the whole answer is here. A session that runs into the limit is given up. */
static bool wait_for_answer(struct pg *pg, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + pg->timeout_ms;

    while (PQisBusy(pg->conn)) {
        struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};
        int64_t left = deadline - clock_monotonic_ms();

        if (left <= 0) {
            pg->broken = true;
            error_set(err, ERROR_UNAVAILABLE,
                      "the database did not answer in time; try again later");
            return error_detail(err, "no answer within %d ms", pg->timeout_ms);
        }
        if (poll(&fd, 1, (int)left) > 0 && PQconsumeInput(pg->conn) == 0) {
            pg->broken = true;
            return fail(pg, NULL, err);
        }
    }
    return true;
}

/* The last result of what was sent; NULL on failure. */
static PGresult *receive(struct pg *pg, struct error *err)
{
    PGresult *last = NULL;
    PGresult *result;
    ExecStatusType status;

    for (;;) {
        if (!wait_for_answer(pg, err)) {
            PQclear(last);
            return NULL;
        }
        result = PQgetResult(pg->conn);
        if (result == NULL)
            break;
        if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
            PQclear(result); /* the first error tells most */
            continue;
        }
        PQclear(last);
        last = result;
    }
    status = PQresultStatus(last);
    if (last != NULL && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK))
        return last;
    fail(pg, last, err);
    if (PQstatus(pg->conn) != CONNECTION_OK)
        pg->broken = true;
    PQclear(last);
    return NULL;
}

static bool prepare(struct pg *pg, const char *sql, size_t number, struct error *err)
{
    char name[24];
    PGresult *result;

    snprintf(name, sizeof name, "s%zu", number);
    if (PQsendPrepare(pg->conn, name, sql, 0, NULL) == 0)
        return fail(pg, NULL, err);
    result = receive(pg, err);
    PQclear(result);
    return result != NULL;
}

/* The number under which the session knows sql, preparing it if need be. */
static bool find_prepared(struct pg *pg, const char *sql, size_t *number, struct error *err)
{
    for (*number = 0; *number < pg->prepared_count; (*number)++)
        if (pg->prepared[*number] == sql)
            return true;
    if (pg->prepared_count == PREPARED_MOST)
        return error_set(err, ERROR_INTERNAL, "the request could not be carried out");
    if (!prepare(pg, sql, *number, err))
        return false;
    pg->prepared[pg->prepared_count++] = sql;
    return true;
}

bool pg_prepare(struct pg *pg, const char *sql, struct error *err)
{
    size_t number;

    return find_prepared(pg, sql, &number, err);
}

struct pg_rows *pg_query(struct pg *pg, const char *sql, struct pg_values values, struct error *err)
{
    char name[24];
    size_t number;

    if (values.count > PARAMETERS_MOST) {
        error_set(err, ERROR_INTERNAL, "the request could not be carried out");
        return NULL;
    }
    if (!find_prepared(pg, sql, &number, err))
        return NULL;
    snprintf(name, sizeof name, "s%zu", number);
    if (PQsendQueryPrepared(pg->conn, name, (int)values.count, values.texts, NULL, NULL, 0) == 0) {
        fail(pg, NULL, err);
        return NULL;
    }
    return (struct pg_rows *)receive(pg, err);
}

bool pg_exec(struct pg *pg, const char *sql, struct pg_values values, struct error *err)
{
    struct pg_rows *rows = pg_query(pg, sql, values, err);

    pg_rows_free(rows);
    return rows != NULL;
}

bool pg_exec_count(struct pg *pg, const char *sql, struct pg_values values, size_t *changed,
                   struct error *err)
{
    struct pg_rows *rows = pg_query(pg, sql, values, err);

    if (rows == NULL)
        return false;
    *changed = strtoul(PQcmdTuples(result_of(rows)), NULL, 10);
    pg_rows_free(rows);
    return true;
}

bool pg_script(struct pg *pg, const char *script, struct error *err)
{
    PGresult *result;

    if (PQsendQuery(pg->conn, script) == 0)
        return fail(pg, NULL, err);
    result = receive(pg, err);
    PQclear(result);
    return result != NULL;
}

bool pg_begin(struct pg *pg, struct error *err)
{
    return pg_script(pg, "begin", err);
}

bool pg_commit(struct pg *pg, struct error *err)
{
    return pg_script(pg, "commit", err);
}

void pg_rollback(struct pg *pg)
{
    struct error err = {0};

    if (pg->broken || PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
        return;
    if (!pg_script(pg, "rollback", &err))
        pg->broken = true;
}

bool pg_wait_notification(struct pg *pg, int wake_fd, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = PQsocket(pg->conn), .events = POLLIN},
                           {.fd = wake_fd, .events = POLLIN}};
    bool notified = false;
    PGnotify *notification;

    /* a session that is gone has no socket: poll() then waits for the rest */
    poll(fds, 2, timeout_ms);
    if (fds[0].revents != 0 && PQconsumeInput(pg->conn) == 0)
        pg->broken = true;
    while ((notification = PQnotifies(pg->conn)) != NULL) {
        notified = true;
        PQfreemem(notification);
    }
    return notified;
}

size_t pg_rows_count(const struct pg_rows *rows)
{
    return (size_t)PQntuples(result_of(rows));
}

const char *pg_text(const struct pg_rows *rows, size_t row, int column)
{
    return PQgetisnull(result_of(rows), (int)row, column)
               ? NULL
               : PQgetvalue(result_of(rows), (int)row, column);
}

const char *pg_text_or_empty(const struct pg_rows *rows, size_t row, int column)
{
    return PQgetvalue(result_of(rows), (int)row, column);
}

int64_t pg_int(const struct pg_rows *rows, size_t row, int column)
{
    return strtoll(PQgetvalue(result_of(rows), (int)row, column), NULL, 10);
}

double pg_double(const struct pg_rows *rows, size_t row, int column)
{
    return strtod(PQgetvalue(result_of(rows), (int)row, column), NULL);
}

bool pg_bool(const struct pg_rows *rows, size_t row, int column)
{
    return *PQgetvalue(result_of(rows), (int)row, column) == 't';
}

void pg_rows_free(struct pg_rows *rows)
{
    PQclear(result_of(rows));
}

void pg_array(struct buffer *array, const char *const *texts, size_t count)
{
    buffer_add_char(array, '{');
    for (size_t at = 0; at < count; at++) {
        buffer_add_text(array, at == 0 ? "\"" : ",\"");
        for (const char *c = texts[at]; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\')
                buffer_add_char(array, '\\');
            buffer_add_char(array, *c);
        }
        buffer_add_char(array, '"');
    }
    buffer_add_char(array, '}');
}
