/* test_error.c - the table of error codes, and how an error is filled. */
#include "infra/base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_code_has_a_name_and_a_status_of_failure(void **state)
{
    (void)state;
    for (int code = ERROR_INVALID_REQUEST; code < ERROR_CODES; code++) {
        assert_non_null(error_name((enum error_code)code));
        assert_string_not_equal(error_name((enum error_code)code), "");
        assert_in_range(error_status((enum error_code)code), 400, 599);
    }
}

static void clients_see_these_names_and_statuses(void **state)
{
    static const struct {
        enum error_code code;
        const char *name;
        int status;
    } ROWS[] = {
        {ERROR_INVALID_REQUEST, "invalid_request", 400},
        {ERROR_UNAUTHORIZED, "unauthorized", 401},
        {ERROR_FORBIDDEN, "forbidden", 403},
        {ERROR_NOT_FOUND, "not_found", 404},
        {ERROR_METHOD, "invalid_request", 405},
        {ERROR_CONFLICT, "conflict", 409},
        {ERROR_TOO_LARGE, "payload_too_large", 413},
        {ERROR_VALIDATION, "validation_error", 422},
        {ERROR_RATE_LIMIT, "rate_limit_exceeded", 429},
        {ERROR_INTERNAL, "internal_error", 500},
        {ERROR_UNAVAILABLE, "service_unavailable", 503},
        {ERROR_NO_MEMORY, "out_of_memory", 503},
        {ERROR_CRASHED, "crashed", 500},
        {ERROR_TIMED_OUT, "timed_out", 500},
        {ERROR_CANCELLED, "cancelled", 409},
    };

    (void)state;
    assert_int_equal(sizeof ROWS / sizeof *ROWS, ERROR_CODES - 1); /* all but ERROR_NONE */
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        assert_string_equal(error_name(ROWS[at].code), ROWS[at].name);
        assert_int_equal(error_status(ROWS[at].code), ROWS[at].status);
    }
}

static void no_failure_is_read_as_none(void **state)
{
    static const char *const NAMES[] = {"", "ok", "OK", "not_found ", "Not_Found"};

    (void)state;
    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++)
        assert_int_equal(error_from_name(NAMES[at]), ERROR_INTERNAL);
}

static void a_name_leads_back_to_its_code(void **state)
{
    (void)state;
    for (int code = ERROR_INVALID_REQUEST; code < ERROR_CODES; code++)
        if (code != ERROR_METHOD) /* has the name of ERROR_INVALID_REQUEST */
            assert_int_equal(error_from_name(error_name((enum error_code)code)), code);
    assert_int_equal(error_from_name("no such thing"), ERROR_INTERNAL);
}

static void what_may_pass_is_tried_again_and_what_stays_is_not(void **state)
{
    static const struct {
        enum error_code code;
        bool transient;
    } ROWS[] = {
        {ERROR_UNAVAILABLE, true}, {ERROR_NO_MEMORY, true},        {ERROR_CRASHED, true},
        {ERROR_VALIDATION, false}, {ERROR_INVALID_REQUEST, false}, {ERROR_NOT_FOUND, false},
        {ERROR_TIMED_OUT, false},  {ERROR_CANCELLED, false},       {ERROR_INTERNAL, false},
    };

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++)
        assert_int_equal(error_is_transient(ROWS[at].code), ROWS[at].transient);
}

static void numbers_that_are_no_code_are_internal_errors(void **state)
{
    (void)state;
    assert_string_equal(error_name((enum error_code)999), "internal_error");
    assert_int_equal(error_status((enum error_code)999), 500);
    assert_false(error_is_transient((enum error_code)999));
}

static void setting_an_error_returns_false_and_forgets_the_detail_of_the_one_before(void **state)
{
    struct error err = {0};

    (void)state;
    assert_false(error_set(&err, ERROR_CONFLICT, "taken: %s", "a"));
    assert_false(error_detail(&err, "line one\nline two\r\n"));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_string_equal(err.message, "taken: a");
    assert_string_equal(err.detail, "line one line two  ");
    assert_false(error_no_memory(&err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_string_equal(err.detail, "");
}

static void long_messages_are_cut(void **state)
{
    struct error err = {0};
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&err, ERROR_INTERNAL, "%s", text);
    error_detail(&err, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_int_equal(strlen(err.detail), sizeof err.detail - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_name_and_a_status_of_failure),
        cmocka_unit_test(clients_see_these_names_and_statuses),
        cmocka_unit_test(no_failure_is_read_as_none),
        cmocka_unit_test(a_name_leads_back_to_its_code),
        cmocka_unit_test(what_may_pass_is_tried_again_and_what_stays_is_not),
        cmocka_unit_test(numbers_that_are_no_code_are_internal_errors),
        cmocka_unit_test(setting_an_error_returns_false_and_forgets_the_detail_of_the_one_before),
        cmocka_unit_test(long_messages_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
