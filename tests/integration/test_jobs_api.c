/*
 * test_jobs_api.c - the ports of the API in this process: accepting a build, following and
 * cancelling jobs, keys that change, and clients that misbehave, spoken over sockets.
 */
#include "api/adapter.h"
#include "api/job_hub.h"
#include "api/key_cache.h"
#include "api/log_hub.h"
#include "api/model_cache.h"
#include "api/services.h"
#include "api/traffic.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/blob/blob.h"
#include "infra/metrics/metrics.h"
#include "infra/relay/publisher.h"
#include "infra/relay/relay.h"
#include "infra/store/jobs.h"
#include "infra/store/keys.h"
#include "tests/integration/support.h"

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

enum { PATIENCE_S = 20, ANSWER_BYTES = 65536, MOST_BODY_KB = 64, MOST_CONNECTIONS = 8 };

struct fixture {
    struct support s;
    char dir[64];
    char key[KEY_BYTES];
    char reader[KEY_BYTES]; /* a key that may only read */
    struct id key_id;
    struct config config;
    struct services services;
    char answer[ANSWER_BYTES];
    int status;
    json_t *json; /* of the last answer; NULL: it was none */
};

/* Building and taking down --------------------------------------------------------------------*/

static void configure(struct fixture *f)
{
    strcpy(f->dir, "/tmp/test_jobs_api_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    strcpy(f->config.bind, "127.0.0.1");
    strcpy(f->config.roles, "manage,predict");
    strcpy(f->config.public_url, "http://api");
    strcpy(f->config.predict_url, "http://predict");
    f->config.max_body_kb = MOST_BODY_KB;
    f->config.max_connections = MOST_CONNECTIONS;
    f->config.max_upload_mb = 16;
    f->config.model_cache_mb = 16;
}

static void start_services(struct fixture *f)
{
    struct services *services = &f->services;
    struct error err = {0};

    *services = (struct services){.config = &f->config,
                                  .instance_id = "api_test",
                                  .db = f->s.pool,
                                  .signing_key = "a signing key",
                                  .worker_program = "/nonexistent/trainyard-worker"};
    assert_non_null(services->blobs = blobs_open(f->dir, &err));
    assert_non_null(services->metrics = metrics_new(&err));
    assert_non_null(services->traffic = traffic_new(&err));
    assert_non_null(services->keys = key_cache_new(services->db, &err));
    assert_non_null(services->models = model_cache_new(services, &err));
    assert_non_null(services->logs = log_hub_new(services->db, &err));
    assert_non_null(services->jobs = job_hub_new(services->db, &err));
    assert_non_null(services->publisher =
                        publisher_new(services->db, &f->s.kafka, services->metrics, &err));
    assert_non_null(services->relay = relay_new(services->db, f->s.url, &f->s.kafka,
                                                services->instance_id, services->metrics, &err));
    assert_non_null(services->adapter = adapter_new(services, &err));
    assert_true(adapter_start(services->adapter, &err));
}

static int with_api(void **state)
{
    static const char UPLOAD[] =
        "insert into uploads (id, account, name, status, files, expires_at) values ('upload_1', $1,"
        " 't', 'complete', '[{\"filename\":\"a.csv\",\"content_type\":\"text/csv\","
        "\"size_bytes\":10,\"digest\":\"0123\",\"rows\":3,\"columns_count\":2,\"columns\":[]}]',"
        " now())";
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};
    struct id reader;

    support_init_with_topics(&f->s);
    configure(f);
    assert_true(keys_create(
        f->s.db,
        &(struct new_key){.account = f->s.account, .name = "k", .permission = "read_write"},
        &f->key_id, f->key, &err));
    assert_true(keys_create(
        f->s.db, &(struct new_key){.account = f->s.account, .name = "r", .permission = "read_only"},
        &reader, f->reader, &err));
    assert_true(pg_exec(f->s.db, UPLOAD, PG_VALUES(f->s.account), &err));
    start_services(f);
    *state = f;
    return 0;
}

static void stop_services(struct services *services)
{
    log_hub_stop(services->logs);
    job_hub_stop(services->jobs);
    adapter_free(services->adapter);
    job_hub_free(services->jobs);
    log_hub_free(services->logs);
    relay_free(services->relay);
    publisher_free(services->publisher);
    model_cache_free(services->models);
    key_cache_free(services->keys);
    traffic_free(services->traffic);
    metrics_free(services->metrics);
    blobs_close(services->blobs);
}

static int without_api(void **state)
{
    struct fixture *f = *state;
    char command[128];

    stop_services(&f->services);
    json_decref(f->json);
    support_clear(&f->s);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Speaking ------------------------------------------------------------------------------------*/

static int dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads to the end of the stream; takes fd. */
static void hear_take(struct fixture *f, int fd)
{
    size_t length = 0;
    ssize_t got;
    const char *body;

    while (length < ANSWER_BYTES - 1 &&
           (got = recv(fd, f->answer + length, ANSWER_BYTES - 1 - length, 0)) > 0)
        length += (size_t)got;
    close(fd);
    f->answer[length] = '\0';
    f->status = 0;
    sscanf(f->answer, "HTTP/1.1 %d", &f->status);
    body = strstr(f->answer, "\r\n\r\n");
    json_decref(f->json);
    f->json = body == NULL ? NULL : json_loads(body + 4, 0, NULL);
}

static void ask_port(struct fixture *f, int port, const char *method, const char *path,
                     const char *key, const char *body)
{
    char request[4096];
    int fd = dial(port);

    snprintf(
        request, sizeof request,
        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
        method, path, key == NULL ? "" : "Authorization: Bearer ", key == NULL ? "" : key,
        key == NULL ? "" : "\r\n", strlen(body), body);
    say(fd, request);
    hear_take(f, fd);
}

static void ask(struct fixture *f, const char *method, const char *path, const char *body)
{
    ask_port(f, adapter_port(f->services.adapter), method, path, f->key, body);
}

static const char *told(const struct fixture *f, const char *name)
{
    return json_string_value(json_object_get(f->json, name));
}

static const char *told_error(const struct fixture *f, const char *name)
{
    return json_string_value(json_object_get(json_object_get(f->json, "error"), name));
}

/* Makes a model; the id of its job. */
static struct id build(struct fixture *f, const char *name)
{
    char path[128];
    struct id id = {0};

    snprintf(path, sizeof path, "/models/%s", name);
    ask(f, "POST", path, "{\"intent\":\"predict it\",\"dataset_id\":\"upload_1\"}");
    assert_int_equal(f->status, 200);
    snprintf(id.text, sizeof id.text, "%s", told(f, "job_id"));
    return id;
}

static void cancel(struct fixture *f, const struct id *job)
{
    char path[128];

    snprintf(path, sizeof path, "/jobs/%s/cancel", job->text);
    ask(f, "POST", path, "");
}

static void get_job(struct fixture *f, const struct id *job)
{
    char path[128];

    snprintf(path, sizeof path, "/jobs/%s", job->text);
    ask(f, "GET", path, "");
    assert_int_equal(f->status, 200);
}

/* Tests ---------------------------------------------------------------------------------------*/

static void a_build_is_accepted_and_published(void **state)
{
    struct fixture *f = *state;
    struct id job = build(f, "accepted");

    assert_string_equal(told(f, "status"), "PENDING");
    assert_string_equal(told(f, "model_version"), "v1.0");
    assert_string_equal(told(f, "model_id"), "accepted:v1.0");
    assert_string_equal(support_text(&f->s,
                                     "select message::json->'dataset'->'files'->0->>'digest'"
                                     " from jobs where id = $1",
                                     PG_VALUES(job.text)),
                        "0123");
    support_wait_for(&f->s, "select count(*) from outbox", PG_NONE, "0", PATIENCE_S);
    get_job(f, &job);
    assert_string_equal(told(f, "type"), "model_build");
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
    struct fixture *f = *state;

    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++) {
        ask(f, "POST", CASES[at].path, CASES[at].body);
        assert_int_equal(f->status, CASES[at].status);
        assert_string_equal(told_error(f, "code"), CASES[at].code);
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
    struct fixture *f = *state;

    support_text(&f->s, "update limits set max_waiting = 1 where pool = 'build' returning 1",
                 PG_NONE);
    build(f, "one");
    ask(f, "POST", "/models/two", "{\"intent\":\"i\",\"dataset_id\":\"upload_1\"}");
    assert_int_equal(f->status, 429);
    assert_string_equal(told_error(f, "code"), "rate_limit_exceeded");
    assert_non_null(strstr(f->answer, "Retry-After: "));
    assert_int_equal(support_int(&f->s, "select count(*) from models", PG_NONE), 1);
}

static void a_waiting_job_is_cancelled_once(void **state)
{
    struct fixture *f = *state;
    struct id first = build(f, "first");
    struct id second = build(f, "second");

    get_job(f, &second);
    assert_int_equal(json_integer_value(json_object_get(f->json, "position")), 2);
    cancel(f, &first);
    assert_int_equal(f->status, 200);
    assert_string_equal(told(f, "status"), "CANCELLED");
    cancel(f, &first);
    assert_int_equal(f->status, 409);
    assert_non_null(strstr(told_error(f, "message"), "CANCELLED"));
    get_job(f, &second);
    assert_int_equal(json_integer_value(json_object_get(f->json, "position")), 1);
    ask(f, "GET", "/models/first/v1.0/status", "");
    assert_string_equal(told(f, "status"), "ERROR");
    assert_non_null(told(f, "error"));
}

static void a_running_job_is_asked_to_end(void **state)
{
    struct fixture *f = *state;
    struct id job = build(f, "running");
    const char *ids[] = {job.text};
    struct error err = {0};
    struct pg_rows *rows = jobs_claim(f->s.db, "build", ids, 1, "owner", 30, &err);

    assert_int_equal(pg_rows_count(rows), 1);
    pg_rows_free(rows);
    for (int times = 0; times < 2; times++) {
        cancel(f, &job);
        assert_int_equal(f->status, 200);
        assert_string_equal(told(f, "status"), "CANCELLING");
    }
    get_job(f, &job);
    assert_true(json_is_null(json_object_get(f->json, "position")));
}

static void who_waits_for_no_worker_is_told_so(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    build(f, "lonely");
    ask(f, "GET", "/models/lonely/latest/status", "");
    assert_string_equal(told(f, "status"), "DRAFT");
    assert_non_null(strstr(told(f, "message"), "no worker of the pool build was seen for 60 s"));
    assert_true(pg_exec(f->s.db,
                        "insert into instances (id, kind, pools) values"
                        " ('w', 'worker', '{build}')",
                        PG_NONE, &err));
    ask(f, "GET", "/models/lonely/latest/status", "");
    assert_null(strstr(told(f, "message"), "no worker"));
}

static void a_key_is_checked_and_followed(void **state)
{
    struct fixture *f = *state;
    int port = adapter_port(f->services.adapter);
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_S * 1000;

    ask_port(f, port, "GET", "/models", NULL, "");
    assert_int_equal(f->status, 401);
    ask_port(f, port, "GET", "/models", "plx_sk_unknown", "");
    assert_int_equal(f->status, 401);
    ask_port(f, port, "GET", "/models", f->reader, "");
    assert_int_equal(f->status, 200);
    ask_port(f, port, "POST", "/models/x", f->reader, "{}");
    assert_int_equal(f->status, 403);
    ask_port(f, adapter_predict_port(f->services.adapter), "POST", "/models/x/1/infer", f->reader,
             "{}");
    assert_int_equal(f->status, 404); /* a prediction only reads; there is no such model */
    ask(f, "GET", "/models", "");
    assert_int_equal(f->status, 200);
    support_text(&f->s,
                 "update keys set status = 'revoked', changed_at = clock_timestamp() where id = $1"
                 " returning 1",
                 PG_VALUES(f->key_id.text));
    while (f->status == 200 && clock_monotonic_ms() < deadline_ms)
        ask(f, "GET", "/models", "");
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
    struct fixture *f = *state;
    int port = adapter_port(f->services.adapter);
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_S * 1000;
    char hash[DIGEST_BYTES];

    ask_port(f, port, "GET", "/models", "plx_sk_new", "");
    assert_int_equal(f->status, 401);
    digest_of("plx_sk_new", 10, hash);
    support_text(&f->s, GIVE, PG_VALUES(f->s.account, hash));
    while (f->status == 401 && clock_monotonic_ms() < deadline_ms)
        ask_port(f, port, "GET", "/models", "plx_sk_new", "");
    assert_int_equal(f->status, 200);
}

static void a_body_over_the_limit_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t length = (MOST_BODY_KB << 10) + 1;
    char *body = malloc(length + 1);
    char head[256];
    int fd;

    memset(body, 'a', length);
    body[length] = '\0';
    fd = dial(adapter_port(f->services.adapter));
    snprintf(head, sizeof head,
             "POST /models/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: %s\r\n"
             "Content-Length: %zu\r\n\r\n",
             f->key, length);
    say(fd, head);
    say(fd, body);
    hear_take(f, fd);
    assert_int_equal(f->status, 413);
    assert_string_equal(told_error(f, "code"), "payload_too_large");
    body[length - 1] = '\0'; /* just as long as is allowed: only no JSON */
    fd = dial(adapter_port(f->services.adapter));
    snprintf(head, sizeof head,
             "POST /models/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: %s\r\n"
             "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
             f->key, length - 1);
    say(fd, head);
    say(fd, body);
    say(fd, "\r\n0\r\n\r\n");
    hear_take(f, fd);
    assert_int_equal(f->status, 400);
    free(body);
}

static void a_body_that_breaks_off_has_no_effect(void **state)
{
    struct fixture *f = *state;
    int fd = dial(adapter_port(f->services.adapter));

    say(fd, "POST /models/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"intent\"");
    shutdown(fd, SHUT_WR);
    hear_take(f, fd);
    assert_true(f->status == 0 || f->status == 400);
    ask(f, "GET", "/models", "");
    assert_int_equal(f->status, 200);
}

static size_t files_in(const char *dir, const char *below)
{
    char path[128];
    size_t count = 0;
    DIR *open;

    snprintf(path, sizeof path, "%s/%s", dir, below);
    open = opendir(path);
    assert_non_null(open);
    for (const struct dirent *entry; (entry = readdir(open)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(open);
    return count;
}

static void files_are_not_taken_without_a_key(void **state)
{
    static const char BODY[] = "--boundary\r\nContent-Disposition: form-data; name=\"files\"; "
                               "filename=\"a.csv\"\r\n\r\na,b\n1,2\n\r\n--boundary--\r\n";
    struct fixture *f = *state;
    const char *const keys[] = {"x: ", "x-api-key: plx_sk_wrong", f->reader};
    const int statuses[] = {401, 401, 403};

    for (size_t at = 0; at < 3; at++) {
        int fd = dial(adapter_port(f->services.adapter));
        char request[1024];

        snprintf(
            request, sizeof request,
            "POST /uploads HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\n"
            "Content-Type: multipart/form-data; boundary=boundary\r\nContent-Length: %zu\r\n\r\n%s",
            at == 2 ? "x-api-key: " : "", keys[at], sizeof BODY - 1, BODY);
        say(fd, request);
        hear_take(f, fd);
        assert_int_equal(f->status, statuses[at]);
    }
    assert_int_equal(files_in(f->dir, "tmp"), 0);
    assert_int_equal(support_int(&f->s, "select count(*) from uploads", PG_NONE), 1);
}

static void a_crowd_is_told_to_come_again(void **state)
{
    struct fixture *f = *state;
    int fds[MOST_CONNECTIONS];

    for (size_t port = 0; port < 2; port++) {
        int number = port == 0 ? adapter_port(f->services.adapter)
                               : adapter_predict_port(f->services.adapter);
        int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_S * 1000;

        for (size_t at = 0; at < MOST_CONNECTIONS; at++)
            fds[at] = dial(number);
        do /* connections are counted once they are accepted */
            ask_port(f, number, "GET", "/healthz", NULL, "");
        while (f->status == 200 && clock_monotonic_ms() < deadline_ms);
        assert_int_equal(f->status, 503);
        assert_non_null(strstr(f->answer, "Retry-After: "));
        for (size_t at = 0; at < MOST_CONNECTIONS; at++)
            close(fds[at]);
        do
            ask_port(f, number, "GET", "/healthz", NULL, "");
        while (f->status == 503 && clock_monotonic_ms() < deadline_ms);
        assert_int_equal(f->status, 200);
    }
}

static void a_drained_port_lets_requests_end(void **state)
{
    struct fixture *f = *state;
    struct id job = build(f, "followed");
    char request[512];
    char first[16];
    int fd = dial(adapter_port(f->services.adapter));

    snprintf(request, sizeof request,
             "GET /models/build-logs?job_id=%s&follow=true HTTP/1.1\r\nHost: x\r\n"
             "x-api-key: %s\r\n\r\n",
             job.text, f->key);
    say(fd, request);
    assert_true(recv(fd, first, sizeof first, 0) > 0); /* the stream has begun */
    log_hub_stop(f->services.logs);
    adapter_drain(f->services.adapter, PATIENCE_S * 1000);
    hear_take(f, fd); /* to its end */
    assert_non_null(strstr(f->answer, "\r\n0\r\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_api, without_api)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_build_is_accepted_and_published), TEST(nothing_is_left_of_what_was_refused),
        TEST(a_full_queue_is_told_with_429),     TEST(a_waiting_job_is_cancelled_once),
        TEST(a_running_job_is_asked_to_end),     TEST(who_waits_for_no_worker_is_told_so),
        TEST(a_key_is_checked_and_followed),     TEST(a_new_key_is_good_though_it_was_tried_before),
        TEST(a_body_over_the_limit_is_refused),  TEST(a_body_that_breaks_off_has_no_effect),
        TEST(files_are_not_taken_without_a_key), TEST(a_crowd_is_told_to_come_again),
        TEST(a_drained_port_lets_requests_end),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
