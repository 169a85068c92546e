/* test_api_ports.c - the ports of the API in this process, and clients that misbehave. */
#include "api/adapter.h"
#include "api/log_hub.h"
#include "infra/base/clock.h"
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

static void a_body_over_the_limit_is_refused(void **state)
{
    struct spoken *f = *state;
    size_t length = (MOST_BODY_KB << 10) + 1;
    char *body = malloc(length + 1);
    char head[256];
    int fd;

    memset(body, 'a', length);
    body[length] = '\0';
    fd = spoken_dial(adapter_port(f->services.adapter));
    snprintf(head, sizeof head,
             "POST /models/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: %s\r\n"
             "Content-Length: %zu\r\n\r\n",
             f->key, length);
    spoken_say(fd, head);
    spoken_say(fd, body);
    spoken_hear_take(f, fd);
    assert_int_equal(f->status, 413);
    assert_string_equal(spoken_told_error(f, "code"), "payload_too_large");
    body[length - 1] = '\0'; /* just as long as is allowed: only no JSON */
    fd = spoken_dial(adapter_port(f->services.adapter));
    snprintf(head, sizeof head,
             "POST /models/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: %s\r\n"
             "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
             f->key, length - 1);
    spoken_say(fd, head);
    spoken_say(fd, body);
    spoken_say(fd, "\r\n0\r\n\r\n");
    spoken_hear_take(f, fd);
    assert_int_equal(f->status, 400);
    free(body);
}

static void a_body_that_breaks_off_has_no_effect(void **state)
{
    struct spoken *f = *state;
    int fd = spoken_dial(adapter_port(f->services.adapter));

    spoken_say(fd, "POST /models/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"intent\"");
    shutdown(fd, SHUT_WR);
    spoken_hear_take(f, fd);
    assert_true(f->status == 0 || f->status == 400);
    spoken_ask(f, "GET", "/models", "");
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
    struct spoken *f = *state;
    const char *const keys[] = {"x: ", "x-api-key: plx_sk_wrong", f->reader};
    const int statuses[] = {401, 401, 403};

    for (size_t at = 0; at < 3; at++) {
        int fd = spoken_dial(adapter_port(f->services.adapter));
        char request[1024];

        snprintf(
            request, sizeof request,
            "POST /uploads HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\n"
            "Content-Type: multipart/form-data; boundary=boundary\r\nContent-Length: %zu\r\n\r\n%s",
            at == 2 ? "x-api-key: " : "", keys[at], sizeof BODY - 1, BODY);
        spoken_say(fd, request);
        spoken_hear_take(f, fd);
        assert_int_equal(f->status, statuses[at]);
    }
    assert_int_equal(files_in(f->dir, "tmp"), 0);
    assert_int_equal(support_int(&f->s, "select count(*) from uploads", PG_NONE), 1);
}

static void a_crowd_is_told_to_come_again(void **state)
{
    struct spoken *f = *state;
    int fds[MOST_CONNECTIONS];

    for (size_t port = 0; port < 2; port++) {
        int number = port == 0 ? adapter_port(f->services.adapter)
                               : adapter_predict_port(f->services.adapter);
        int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_S * 1000;

        for (size_t at = 0; at < MOST_CONNECTIONS; at++)
            fds[at] = spoken_dial(number);
        do /* connections are counted once they are accepted */
            spoken_ask_port(f, number, "GET", "/healthz", NULL, "");
        while (f->status == 200 && clock_monotonic_ms() < deadline_ms);
        assert_int_equal(f->status, 503);
        assert_non_null(strstr(f->answer, "Retry-After: "));
        for (size_t at = 0; at < MOST_CONNECTIONS; at++)
            close(fds[at]);
        do
            spoken_ask_port(f, number, "GET", "/healthz", NULL, "");
        while (f->status == 503 && clock_monotonic_ms() < deadline_ms);
        assert_int_equal(f->status, 200);
    }
}

static void a_drained_port_lets_requests_end(void **state)
{
    struct spoken *f = *state;
    struct id job = spoken_build(f, "followed");
    char request[512];
    char first[16];
    int fd = spoken_dial(adapter_port(f->services.adapter));

    snprintf(request, sizeof request,
             "GET /models/build-logs?job_id=%s&follow=true HTTP/1.1\r\nHost: x\r\n"
             "x-api-key: %s\r\n\r\n",
             job.text, f->key);
    spoken_say(fd, request);
    assert_true(recv(fd, first, sizeof first, 0) > 0); /* the stream has begun */
    log_hub_stop(f->services.logs);
    adapter_drain(f->services.adapter, PATIENCE_S * 1000);
    spoken_hear_take(f, fd); /* to its end */
    assert_non_null(strstr(f->answer, "\r\n0\r\n"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, spoken_setup, spoken_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_over_the_limit_is_refused),  TEST(a_body_that_breaks_off_has_no_effect),
        TEST(files_are_not_taken_without_a_key), TEST(a_crowd_is_told_to_come_again),
        TEST(a_drained_port_lets_requests_end),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
