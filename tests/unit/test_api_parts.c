/* test_api_parts.c - the error body, the table of keys, the counts, the watch over connections. */
#include "api/connections.h"
#include "api/error_body.h"
#include "api/key_table.h"
#include "api/routes.h"
#include "api/traffic.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static json_t *body_of(enum error_code code, const char *message, const json_t *details)
{
    struct error err = {.code = code};
    struct buffer text = {0};
    json_t *body;

    snprintf(err.message, sizeof err.message, "%s", message);
    snprintf(err.detail, sizeof err.detail, "libpq said something");
    error_body_add(&text, &err, "req_1", details);
    assert_false(text.failed);
    assert_null(strstr(text.data, "libpq"));
    body = json_loadb(text.data, text.length, 0, NULL);
    assert_non_null(body);
    buffer_clear(&text);
    return body;
}

static const char *text_at(const json_t *body, const char *name)
{
    return json_string_value(json_object_get(body, name));
}

static void an_error_is_told_in_every_form(void **state)
{
    json_t *details = json_pack("{s:s}", "intent", "missing");
    json_t *body = body_of(ERROR_VALIDATION, "a \"quoted\" reason", details);
    json_t *error = json_object_get(body, "error");

    (void)state;
    assert_string_equal(text_at(error, "code"), "validation_error");
    assert_string_equal(text_at(error, "message"), "a \"quoted\" reason");
    assert_int_equal(json_integer_value(json_object_get(error, "status")), 422);
    assert_true(json_equal(json_object_get(error, "details"), details));
    assert_string_equal(text_at(body, "request_id"), "req_1");
    assert_string_equal(text_at(body, "detail"), text_at(error, "message"));
    assert_string_equal(text_at(body, "message"), text_at(error, "message"));
    json_decref(details);
    json_decref(body);
}

static void only_documented_codes_are_told(void **state)
{
    static const char *const DOCUMENTED[] = {
        "invalid_request",   "unauthorized",       "forbidden",           "not_found",
        "conflict",          "validation_error",   "rate_limit_exceeded", "internal_error",
        "payload_too_large", "service_unavailable"};

    (void)state;
    for (int code = ERROR_NONE; code < ERROR_CODES; code++) {
        json_t *body = body_of((enum error_code)code, "m", NULL);
        json_t *error = json_object_get(body, "error");
        bool documented = false;

        for (size_t at = 0; at < sizeof DOCUMENTED / sizeof *DOCUMENTED; at++)
            documented = documented || strcmp(text_at(error, "code"), DOCUMENTED[at]) == 0;
        assert_true(documented);
        assert_null(json_object_get(error, "details"));
        json_decref(body);
    }
}

static struct known_key key_named(const char *secret, bool exists)
{
    struct known_key key = {.exists = exists};

    digest_of(secret, strlen(secret), key.hash);
    snprintf(key.identity.key, sizeof key.identity.key, "key_%s", secret);
    return key;
}

static void a_key_replaces_what_was_known_of_it(void **state)
{
    struct key_table *table = calloc(1, sizeof *table);
    struct known_key unknown = key_named("a", false);
    struct known_key known = key_named("a", true);

    (void)state;
    assert_null(key_table_find(table, known.hash));
    assert_true(key_table_put(table, &unknown));
    assert_int_equal(table->unknown, 1);
    assert_false(key_table_find(table, known.hash)->exists);
    assert_true(key_table_put(table, &known));
    assert_int_equal(table->unknown, 0);
    assert_string_equal(key_table_find(table, known.hash)->identity.key, "key_a");
    key_table_clear(table);
    free(table);
}

static void unknown_keys_are_remembered_within_bounds(void **state)
{
    struct key_table *table = calloc(1, sizeof *table);
    struct known_key known = key_named("good", true);

    (void)state;
    assert_true(key_table_put(table, &known));
    for (int at = 0; at < 3 * KEYS_UNKNOWN_MOST; at++) {
        struct known_key unknown;
        char secret[32];

        snprintf(secret, sizeof secret, "%d", at);
        unknown = key_named(secret, false);
        assert_true(key_table_put(table, &unknown));
        assert_non_null(key_table_find(table, unknown.hash));
        assert_true(table->unknown <= KEYS_UNKNOWN_MOST);
    }
    assert_non_null(key_table_find(table, known.hash));
    key_table_clear(table);
    assert_null(key_table_find(table, known.hash));
    free(table);
}

static void requests_are_counted_by_route(void **state)
{
    struct error err = {0};
    struct traffic *traffic = traffic_new(&err);
    struct buffer text = {0};

    (void)state;
    traffic_count(traffic, routes_at(0), 200, 100);
    traffic_count(traffic, routes_at(0), 200, 2000000);
    traffic_count(traffic, NULL, 404, 10);
    traffic_add_text(traffic, &text);
    assert_non_null(strstr(text.data, "requests_total{method=\"GET\",route=\"/healthz\","
                                      "status=\"2xx\"} 2\n"));
    assert_non_null(strstr(text.data, "{method=\"\",route=\"\",status=\"4xx\"} 1\n"));
    assert_non_null(strstr(text.data, "route=\"/healthz\",le=\"0.00025\"} 1\n"));
    assert_non_null(strstr(text.data, "route=\"/healthz\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(text.data, "_sum{method=\"GET\",route=\"/healthz\"} 2.000100\n"));
    assert_null(strstr(text.data, "/models"));
    buffer_clear(&text);
    traffic_free(traffic);
}

/* Whether the other end sees that its connection was shut, within a time. */
static bool is_shut(int socket, int timeout_ms)
{
    struct pollfd fd = {.fd = socket, .events = POLLIN};
    char byte;

    return poll(&fd, 1, timeout_ms) == 1 && read(socket, &byte, 1) == 0;
}

static void who_takes_too_long_is_shut(void **state)
{
    enum { WAIT_MS = 100, LONG_MS = 20000 };
    struct error err = {0};
    struct connections *connections = connections_new(1, WAIT_MS, &err);
    struct connection *slow;
    struct connection *working;
    int slow_ends[2];
    int working_ends[2];

    (void)state;
    assert_non_null(connections);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, slow_ends), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, working_ends), 0);
    working = connection_open(connections, working_ends[0]);
    connection_works(working);
    slow = connection_open(connections, slow_ends[0]);
    assert_int_equal(connections_count(connections), 2);
    assert_false(connection_is_crowded(working));
    assert_true(connection_is_crowded(slow));
    assert_int_equal(connections_busy(connections), 1);
    assert_true(is_shut(slow_ends[1], LONG_MS));
    assert_false(is_shut(working_ends[1], 0));
    connection_close(connections, slow);
    connection_waits(working);
    assert_true(is_shut(working_ends[1], LONG_MS));
    connection_close(connections, working);
    assert_int_equal(connections_count(connections), 0);
    connections_free(connections);
    for (int at = 0; at < 2; at++) {
        close(slow_ends[at]);
        close(working_ends[at]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_told_in_every_form),
        cmocka_unit_test(only_documented_codes_are_told),
        cmocka_unit_test(a_key_replaces_what_was_known_of_it),
        cmocka_unit_test(unknown_keys_are_remembered_within_bounds),
        cmocka_unit_test(requests_are_counted_by_route),
        cmocka_unit_test(who_takes_too_long_is_shut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
