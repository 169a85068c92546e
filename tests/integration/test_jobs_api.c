/*
 * test_jobs_api.c - the API in this process: accepting a build, following and cancelling jobs, keys
 * that change.
 */
#include "api/adapter.h"
#include "infra/base/clock.h"
#include "infra/base/digest.h"
#include "infra/store/jobs.h"
#include "tests/integration/spoken.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static void cancel(struct spoken *f, const struct id *job)
{
    char path[128];

    snprintf(path, sizeof path, "/jobs/%s/cancel", job->text);
    spoken_ask(f, "POST", path, "");
}

static void get_job(struct spoken *f, const struct id *job)
{
    char path[128];

    snprintf(path, sizeof path, "/jobs/%s", job->text);
    spoken_ask(f, "GET", path, "");
    assert_int_equal(f->status, 200);
}

static void a_build_is_accepted_and_published(void **state)
{
    struct spoken *f = *state;
    struct id job = spoken_build(f, "accepted");

    assert_string_equal(spoken_told(f, "status"), "PENDING");
    assert_string_equal(spoken_told(f, "model_version"), "v1.0");
    assert_string_equal(spoken_told(f, "model_id"), "accepted:v1.0");
    assert_string_equal(support_text(&f->s,
                                     "select message::json->'dataset'->'files'->0->>'digest'"
                                     " from jobs where id = $1",
                                     PG_VALUES(job.text)),
                        "0123");
    support_wait_for(&f->s, "select count(*) from outbox", PG_NONE, "0", PATIENCE_S);
    get_job(f, &job);
    assert_string_equal(spoken_told(f, "type"), "model_build");
    assert_int_equal(json_integer_value(json_object_get(f->json, "position")), 1);
}

static void nothing_is_left_of_what_was_refused(void **state)
{
    static const struct {
        const char *path, *body;
        int status;
        const char *code;
    } CASES[] = {
        {"/models/x", "{\"intent\":\"i\",\"dataset_id\":\"upload_2\"}", 404, "not_found"},
        {"/models/x", "{\"intent\":\"i\"}", 422, "validation_error"},
        {"/models/x", "{\"intent\":", 400, "invalid_request"},
        {"/models/x", "", 400, "invalid_request"},
        {"/models/X", "{\"intent\":\"i\",\"dataset_id\":\"upload_1\"}", 422, "validation_error"},
    };
    struct spoken *f = *state;

    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++) {
        spoken_ask(f, "POST", CASES[at].path, CASES[at].body);
        assert_int_equal(f->status, CASES[at].status);
        assert_string_equal(spoken_told_error(f, "code"), CASES[at].code);
    }
    assert_int_equal(support_int(&f->s,
                                 "select (select count(*) from models) +"
                                 " (select count(*) from versions) + (select count(*) from jobs) +"
                                 " (select count(*) from outbox)",
                                 PG_NONE),
                     0);
}

static void a_full_queue_is_told_with_429(void **state)
{
    struct spoken *f = *state;

    support_text(&f->s, "update limits set max_waiting = 1 where pool = 'build' returning 1",
                 PG_NONE);
    spoken_build(f, "one");
    spoken_ask(f, "POST", "/models/two", "{\"intent\":\"i\",\"dataset_id\":\"upload_1\"}");
    assert_int_equal(f->status, 429);
    assert_string_equal(spoken_told_error(f, "code"), "rate_limit_exceeded");
    assert_non_null(strstr(f->answer, "Retry-After: "));
    assert_int_equal(support_int(&f->s, "select count(*) from models", PG_NONE), 1);
}

static void a_waiting_job_is_cancelled_once(void **state)
{
    struct spoken *f = *state;
    struct id first = spoken_build(f, "first");
    struct id second = spoken_build(f, "second");

    get_job(f, &second);
    assert_int_equal(json_integer_value(json_object_get(f->json, "position")), 2);
    cancel(f, &first);
    assert_int_equal(f->status, 200);
    assert_string_equal(spoken_told(f, "status"), "CANCELLED");
    cancel(f, &first);
    assert_int_equal(f->status, 409);
    assert_non_null(strstr(spoken_told_error(f, "message"), "CANCELLED"));
    get_job(f, &second);
    assert_int_equal(json_integer_value(json_object_get(f->json, "position")), 1);
    spoken_ask(f, "GET", "/models/first/v1.0/status", "");
    assert_string_equal(spoken_told(f, "status"), "ERROR");
    assert_non_null(spoken_told(f, "error"));
}

static void a_running_job_is_asked_to_end(void **state)
{
    struct spoken *f = *state;
    struct id job = spoken_build(f, "running");
    const char *ids[] = {job.text};
    struct error err = {0};
    struct pg_rows *rows = jobs_claim(f->s.db, "build", ids, 1, "owner", 30, &err);

    assert_int_equal(pg_rows_count(rows), 1);
    pg_rows_free(rows);
    for (int times = 0; times < 2; times++) {
        cancel(f, &job);
        assert_int_equal(f->status, 200);
        assert_string_equal(spoken_told(f, "status"), "CANCELLING");
    }
    get_job(f, &job);
    assert_true(json_is_null(json_object_get(f->json, "position")));
}

static void who_waits_for_no_worker_is_told_so(void **state)
{
    struct spoken *f = *state;
    struct error err = {0};

    spoken_build(f, "lonely");
    spoken_ask(f, "GET", "/models/lonely/latest/status", "");
    assert_string_equal(spoken_told(f, "status"), "DRAFT");
    assert_non_null(
        strstr(spoken_told(f, "message"), "no worker of the pool build was seen for 60 s"));
    assert_true(pg_exec(f->s.db,
                        "insert into instances (id, kind, pools) values"
                        " ('w', 'worker', '{build}')",
                        PG_NONE, &err));
    spoken_ask(f, "GET", "/models/lonely/latest/status", "");
    assert_null(strstr(spoken_told(f, "message"), "no worker"));
}

static void a_key_is_checked_and_followed(void **state)
{
    struct spoken *f = *state;
    int port = adapter_port(f->services.adapter);
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_S * 1000;

    spoken_ask_port(f, port, "GET", "/models", NULL, "");
    assert_int_equal(f->status, 401);
    spoken_ask_port(f, port, "GET", "/models", "plx_sk_unknown", "");
    assert_int_equal(f->status, 401);
    spoken_ask_port(f, port, "GET", "/models", f->reader, "");
    assert_int_equal(f->status, 200);
    spoken_ask_port(f, port, "POST", "/models/x", f->reader, "{}");
    assert_int_equal(f->status, 403);
    spoken_ask_port(f, adapter_predict_port(f->services.adapter), "POST", "/models/x/1/infer",
                    f->reader, "{}");
    assert_int_equal(f->status, 404); /* a prediction only reads; there is no such model */
    spoken_ask(f, "GET", "/models", "");
    assert_int_equal(f->status, 200);
    support_text(&f->s,
                 "update keys set status = 'revoked', changed_at = clock_timestamp() where id = $1"
                 " returning 1",
                 PG_VALUES(f->key_id.text));
    while (f->status == 200 && clock_monotonic_ms() < deadline_ms)
        spoken_ask(f, "GET", "/models", "");
    assert_int_equal(f->status, 401);
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_object_get(f->json, "error"), "details"), "code")),
                        "revoked_key");
}

static void a_new_key_is_good_though_it_was_tried_before(void **state)
{
    static const char GIVE[] =
        "insert into keys (id, account, name, hash, prefix, suffix, permission)"
        " values ('key_new', $1, 'n', $2, '', '', 'read_write') returning 1";
    struct spoken *f = *state;
    int port = adapter_port(f->services.adapter);
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_S * 1000;
    char hash[DIGEST_BYTES];

    spoken_ask_port(f, port, "GET", "/models", "plx_sk_new", "");
    assert_int_equal(f->status, 401);
    digest_of("plx_sk_new", 10, hash);
    support_text(&f->s, GIVE, PG_VALUES(f->s.account, hash));
    while (f->status == 401 && clock_monotonic_ms() < deadline_ms)
        spoken_ask_port(f, port, "GET", "/models", "plx_sk_new", "");
    assert_int_equal(f->status, 200);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, spoken_setup, spoken_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_build_is_accepted_and_published), TEST(nothing_is_left_of_what_was_refused),
        TEST(a_full_queue_is_told_with_429),     TEST(a_waiting_job_is_cancelled_once),
        TEST(a_running_job_is_asked_to_end),     TEST(who_waits_for_no_worker_is_told_so),
        TEST(a_key_is_checked_and_followed),     TEST(a_new_key_is_good_though_it_was_tried_before),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
