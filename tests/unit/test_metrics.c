/* test_metrics.c - the numbers of a process, and the small server that shows them. */
#include "infra/base/thread.h"
#include "infra/metrics/metrics.h"
#include "infra/metrics/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int with_metrics(void **state)
{
    struct error err = {0};

    *state = metrics_new(&err);
    return *state == NULL;
}

static int free_metrics(void **state)
{
    metrics_free(*state);
    return 0;
}

static void assert_rendered(struct metrics *metrics, const char *wanted)
{
    struct buffer text = {0};

    metrics_render(metrics, &text);
    if (text.data == NULL || strstr(text.data, wanted) == NULL)
        fail_msg("'%s' is not in:\n%s", wanted, text.data == NULL ? "" : text.data);
    buffer_clear(&text);
}

static void nothing_is_shown_before_something_was_counted(void **state)
{
    struct buffer text = {0};

    metrics_render(*state, &text);
    assert_int_equal(text.length, 0);
    assert_true(metrics_value(*state, "trainyard_jobs_claimed_total", "pool=\"build\"") == 0);
    buffer_clear(&text);
}

static void counters_add_up_by_label(void **state)
{
    metrics_count(*state, "trainyard_jobs_claimed_total", "pool=\"build\"", 1);
    metrics_count(*state, "trainyard_jobs_claimed_total", "pool=\"build\"", 2);
    metrics_count(*state, "trainyard_jobs_claimed_total", "pool=\"logs\"", 1);
    metrics_count(*state, "trainyard_leases_reaped_total", "", 1);
    assert_rendered(*state, "# TYPE trainyard_jobs_claimed_total counter\n");
    assert_rendered(*state, "# HELP trainyard_jobs_claimed_total ");
    assert_rendered(*state, "trainyard_jobs_claimed_total{pool=\"build\"} 3\n");
    assert_rendered(*state, "trainyard_jobs_claimed_total{pool=\"logs\"} 1\n");
    assert_rendered(*state, "\ntrainyard_leases_reaped_total 1\n");
}

static void gauges_are_what_they_were_set_to_last(void **state)
{
    metrics_set(*state, "trainyard_jobs_waiting", "pool=\"build\"", 5);
    metrics_set(*state, "trainyard_jobs_waiting", "pool=\"build\"", 2.5);
    assert_rendered(*state, "# TYPE trainyard_jobs_waiting gauge\n");
    assert_rendered(*state, "trainyard_jobs_waiting{pool=\"build\"} 2.5\n");
    assert_true(metrics_value(*state, "trainyard_jobs_waiting", "pool=\"build\"") == 2.5);
}

static void histograms_count_what_is_at_most_the_bound(void **state)
{
    metrics_observe(*state, "trainyard_job_seconds", "pool=\"build\"", 0.001);
    metrics_observe(*state, "trainyard_job_seconds", "pool=\"build\"", 0.3);
    metrics_observe(*state, "trainyard_job_seconds", "pool=\"build\"", 1e9);
    metrics_observe(*state, "trainyard_job_seconds", "", 1);
    assert_rendered(*state, "trainyard_job_seconds_bucket{pool=\"build\",le=\"0.001\"} 1\n");
    assert_rendered(*state, "trainyard_job_seconds_bucket{pool=\"build\",le=\"0.25\"} 1\n");
    assert_rendered(*state, "trainyard_job_seconds_bucket{pool=\"build\",le=\"0.5\"} 2\n");
    assert_rendered(*state, "trainyard_job_seconds_bucket{pool=\"build\",le=\"3600\"} 2\n");
    assert_rendered(*state, "trainyard_job_seconds_bucket{pool=\"build\",le=\"+Inf\"} 3\n");
    assert_rendered(*state, "trainyard_job_seconds_count{pool=\"build\"} 3\n");
    assert_rendered(*state, "trainyard_job_seconds_bucket{le=\"1\"} 1\n");
}

static void *count_a_thousand(void *context)
{
    for (int at = 0; at < 1000; at++) {
        metrics_count(context, "trainyard_log_lines_total", "", 1);
        metrics_observe(context, "trainyard_job_seconds", "", 1);
    }
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    pthread_t threads[4];
    struct error err = {0};

    for (size_t at = 0; at < 4; at++)
        assert_true(thread_start(&threads[at], count_a_thousand, *state, &err));
    for (size_t at = 0; at < 4; at++)
        pthread_join(threads[at], NULL);
    assert_true(metrics_value(*state, "trainyard_log_lines_total", "") == 4000);
    assert_rendered(*state, "trainyard_job_seconds_count{} 4000\n");
}

/* A port that was free a moment ago. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void ask(int port, const char *line, char *answer, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char request[256];
    size_t length = 0;
    ssize_t got;

    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", line);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    while ((got = read(fd, answer + length, size - 1 - length)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    close(fd);
}

static bool is_ready(void *context, struct error *err)
{
    return *(bool *)context || error_set(err, ERROR_UNAVAILABLE, "the \"database\" is away");
}

static void collect(void *context, struct metrics *metrics)
{
    (void)context;
    metrics_set(metrics, "trainyard_jobs_running", "pool=\"build\"", 7);
}

static void the_server_shows_numbers_and_whether_the_process_is_ready(void **state)
{
    int port = free_port();
    bool ready = false;
    struct error err = {0};
    struct metrics_server *server =
        metrics_server_new("127.0.0.1", port, *state, is_ready, collect, &ready, &err);
    char answer[8192];

    assert_non_null(server);
    ask(port, "GET /healthz", answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    ask(port, "GET /readyz", answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 503"));
    assert_non_null(strstr(answer, "the \\\"database\\\" is away"));
    ready = true;
    ask(port, "GET /readyz", answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    ask(port, "GET /metrics", answer, sizeof answer);
    assert_non_null(strstr(answer, "text/plain; version=0.0.4"));
    assert_non_null(strstr(answer, "trainyard_jobs_running{pool=\"build\"} 7\n"));
    ask(port, "GET /else", answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 404"));
    ask(port, "DELETE /metrics", answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 405"));
    metrics_server_free(server);
}

static void a_port_that_is_taken_is_told(void **state)
{
    int port = free_port();
    bool ready = true;
    struct error err = {0};
    struct metrics_server *server =
        metrics_server_new("127.0.0.1", port, *state, is_ready, NULL, &ready, &err);

    assert_non_null(server);
    assert_null(metrics_server_new("127.0.0.1", port, *state, is_ready, NULL, &ready, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    assert_non_null(strstr(err.message, "TRAINYARD_METRICS_PORT"));
    metrics_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_shown_before_something_was_counted, with_metrics,
                                        free_metrics),
        cmocka_unit_test_setup_teardown(counters_add_up_by_label, with_metrics, free_metrics),
        cmocka_unit_test_setup_teardown(gauges_are_what_they_were_set_to_last, with_metrics,
                                        free_metrics),
        cmocka_unit_test_setup_teardown(histograms_count_what_is_at_most_the_bound, with_metrics,
                                        free_metrics),
        cmocka_unit_test_setup_teardown(threads_lose_no_count, with_metrics, free_metrics),
        cmocka_unit_test_setup_teardown(the_server_shows_numbers_and_whether_the_process_is_ready,
                                        with_metrics, free_metrics),
        cmocka_unit_test_setup_teardown(a_port_that_is_taken_is_told, with_metrics, free_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
