/* support.c - see support.h. */
#include "tests/integration/support.h"

#include "infra/base/clock.h"
#include "infra/base/ids.h"
#include "infra/kafka/topics.h"
#include "infra/store/accounts.h"
#include "infra/store/jobs.h"
#include "infra/store/migrations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define check(ok, err)                                                                             \
    do {                                                                                           \
        if (!(ok))                                                                                 \
            fail_msg("%s: %s", (err).message, (err).detail);                                       \
    } while (0)

static const char *setting(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL)
        fail_msg("%s is not set: run this test by scripts/test integration", name);
    return value;
}

/* The URL of another database on the same server. */
static void url_of(const char *server, const char *database, char *url, size_t size)
{
    const char *path = strrchr(server, '/');
    const char *query = strchr(server, '?');

    snprintf(url, size, "%.*s/%s%s", (int)(path - server), server, database,
             query == NULL ? "" : query);
}

static void run_on_server(const char *format, const char *database)
{
    struct error err = {0};
    struct pg *server = pg_open(setting("TRAINYARD_TEST_DATABASE_URL"), &err);
    char statement[256];

    check(server != NULL, err);
    snprintf(statement, sizeof statement, format, database);
    check(pg_script(server, statement, &err), err);
    pg_close(server);
}

static void add_account(struct support *support)
{
    static const char LIMIT[] = "update limits set max_running = $2::int, max_waiting = 1000000"
                                " where account = $1 and pool = 'predict'";
    static struct id id; /* lives as long as the test program */
    struct error err = {0};

    id = id_new("user");
    check(accounts_create(support->db, id.text, "tester", &err), err);
    check(pg_exec(support->db, LIMIT, PG_VALUES(id.text, pg_number(POOL_LIMIT).text), &err), err);
    support->account = id.text;
}

void support_init(struct support *support)
{
    struct error err = {0};

    *support = (struct support){0};
    snprintf(support->database, sizeof support->database, "%s", id_new("t").text);
    snprintf(support->prefix, sizeof support->prefix, "%s", id_new("t").text);
    support->kafka = (struct kafka_settings){setting("TRAINYARD_TEST_BROKERS"), support->prefix};
    url_of(setting("TRAINYARD_TEST_DATABASE_URL"), support->database, support->url,
           sizeof support->url);
    run_on_server("create database %s", support->database);
    support->db = pg_open(support->url, &err);
    check(support->db != NULL, err);
    check(migrations_run(support->db, NULL, &err), err);
    support->pool = pg_pool_new(support->url, 8, &err);
    check(support->pool != NULL, err);
    add_account(support);
}

void support_init_with_topics(struct support *support)
{
    struct error err = {0};

    support_init(support);
    check(topics_create(&support->kafka, 1, &err), err);
}

void support_clear(struct support *support)
{
    pg_pool_free(support->pool);
    pg_close(support->db);
    run_on_server("drop database %s with (force)", support->database);
    *support = (struct support){0};
}

/* Reads the first cell into text. */
static bool read_text(struct support *support, const char *sql, struct pg_values values, char *text,
                      size_t size, struct error *err)
{
    struct pg_rows *rows =
        pg_revive(support->db, err) ? pg_query(support->db, sql, values, err) : NULL;

    if (rows == NULL)
        return false;
    snprintf(text, size, "%s", pg_rows_count(rows) == 0 ? "" : pg_text_or_empty(rows, 0, 0));
    pg_rows_free(rows);
    return true;
}

const char *support_text(struct support *support, const char *sql, struct pg_values values)
{
    static char text[4096];
    struct error err = {0};

    check(read_text(support, sql, values, text, sizeof text, &err), err);
    return text;
}

int64_t support_int(struct support *support, const char *sql, struct pg_values values)
{
    return strtoll(support_text(support, sql, values), NULL, 10);
}

void support_insert_job(struct support *support, const char *id, const char *key)
{
    char message[256];
    int64_t outbox_id;
    struct error err = {0};

    snprintf(message, sizeof message, "{\"job_id\":\"%s\",\"account\":\"%s\"}", id,
             support->account);
    check(jobs_insert(support->db,
                      &(struct new_job){.id = id,
                                        .account = support->account,
                                        .pool = "predict",
                                        .kind = "predict",
                                        .key = key,
                                        .message = message,
                                        .topic_key = id},
                      &outbox_id, &err),
          err);
}

void support_wait_for(struct support *support, const char *sql, struct pg_values values,
                      const char *wanted, int timeout_s)
{
    static const struct timespec PAUSE = {.tv_nsec = 50000000};
    int64_t deadline = clock_monotonic_ms() + (int64_t)timeout_s * 1000;
    char last[256];

    for (;;) {
        struct error err = {0};

        /* a database that starts up right now is waited for too */
        if (!read_text(support, sql, values, last, sizeof last, &err))
            snprintf(last, sizeof last, "%s", err.message);
        else if (strcmp(last, wanted) == 0)
            return;
        if (clock_monotonic_ms() > deadline)
            fail_msg("after %d s still '%s' instead of '%s': %s", timeout_s, last, wanted, sql);
        nanosleep(&PAUSE, NULL);
    }
}

void support_control(const char *which, const char *verb)
{
    char name[64];
    char command[1024];

    snprintf(name, sizeof name, "TRAINYARD_TEST_%s_CTL", which);
    snprintf(command, sizeof command, "'%s' %s >&2", setting(name), verb);
    assert_int_equal(system(command), 0);
}
