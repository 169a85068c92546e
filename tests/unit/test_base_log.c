/* test_base_log.c - a line of the program's own log is one object of JSON, or one line to read. */
#include "infra/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <cmocka.h>

/* Runs write_lines with stderr going into text. */
static void capture(void (*write_lines)(void), char *text, size_t size)
{
    int stderr_before = dup(STDERR_FILENO);
    int ends[2];
    ssize_t got;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    write_lines();
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    got = read(ends[0], text, size - 1);
    close(ends[0]);
    text[got < 0 ? 0 : got] = '\0';
}

static void write_one(void)
{
    log_init("test", LOG_JSON, LOG_INFO);
    log_warning("job \"claimed\"", log_str("job", "job_1\n\xff"), log_int("run", -3),
                log_double("seconds", 0.25), log_str("none", NULL));
}

static void write_levels(void)
{
    log_init("test", LOG_JSON, LOG_WARNING);
    log_debug("one");
    log_info("two");
    log_warning("three");
    log_error("four");
}

static void write_failure(void)
{
    struct error err = {0};

    log_init("test", LOG_JSON, LOG_INFO);
    error_set(&err, ERROR_UNAVAILABLE, "could not reach the database");
    error_detail(&err, "connection refused");
    log_failure("no luck", &err, log_int("tries", 2));
}

static void write_for_people(void)
{
    log_init("test", LOG_HUMAN, LOG_INFO);
    log_info("job claimed", log_str("job", "job_1"), log_str("stage", NULL), log_int("run", 1));
}

static void a_line_is_one_object_with_its_fields(void **state)
{
    char text[4096];
    json_t *line;

    (void)state;
    capture(write_one, text, sizeof text);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "message")), "job \"claimed\"");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(line, "program")), "test");
    assert_string_equal(json_string_value(json_object_get(line, "job")), "job_1\n\xef\xbf\xbd");
    assert_int_equal(json_integer_value(json_object_get(line, "run")), -3);
    assert_true(json_real_value(json_object_get(line, "seconds")) == 0.25);
    assert_string_equal(json_string_value(json_object_get(line, "none")), "");
    json_decref(line);
}

static void lines_below_the_least_level_are_not_written(void **state)
{
    char text[4096];

    (void)state;
    capture(write_levels, text, sizeof text);
    assert_null(strstr(text, "one"));
    assert_null(strstr(text, "two"));
    assert_non_null(strstr(text, "three"));
    assert_non_null(strstr(text, "four"));
}

static void a_failure_tells_code_message_and_detail(void **state)
{
    char text[4096];
    json_t *line;

    (void)state;
    capture(write_failure, text, sizeof text);
    line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "code")), "service_unavailable");
    assert_string_equal(json_string_value(json_object_get(line, "error")),
                        "could not reach the database");
    assert_string_equal(json_string_value(json_object_get(line, "detail")), "connection refused");
    assert_int_equal(json_integer_value(json_object_get(line, "tries")), 2);
    json_decref(line);
}

static void people_get_a_line_to_read(void **state)
{
    char text[4096];

    (void)state;
    capture(write_for_people, text, sizeof text);
    assert_non_null(strstr(text, "job claimed job=\"job_1\" run=1"));
    assert_null(strstr(text, "stage"));
    assert_int_equal(text[strlen(text) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_object_with_its_fields),
        cmocka_unit_test(lines_below_the_least_level_are_not_written),
        cmocka_unit_test(a_failure_tells_code_message_and_detail),
        cmocka_unit_test(people_get_a_line_to_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
