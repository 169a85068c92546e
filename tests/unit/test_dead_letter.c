/* test_dead_letter.c - whatever could not be read comes back byte by byte. */
#include "schemas/dead_letter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dead_letter EXAMPLE = {.pool = "build",
                                           .partition = 3,
                                           .offset = 1LL << 40,
                                           .code = "validation_error",
                                           .message = "not valid \"JSON\"",
                                           .value = "\x00{\xff\"",
                                           .value_length = 4};

static void go_the_way(const struct dead_letter *letter, struct dead_letter *decoded)
{
    struct error err = {0};
    char *text = dead_letter_encode(letter, &err);

    assert_non_null(text);
    if (!dead_letter_decode(text, strlen(text), decoded, &err))
        fail_msg("%s: %s", text, err.message);
    free(text);
}

static void an_unreadable_message_comes_back_as_it_was(void **state)
{
    struct dead_letter decoded;

    (void)state;
    go_the_way(&EXAMPLE, &decoded);
    assert_string_equal(decoded.pool, "build");
    assert_null(decoded.job_id);
    assert_int_equal(decoded.partition, 3);
    assert_int_equal(decoded.offset, 1LL << 40);
    assert_string_equal(decoded.code, "validation_error");
    assert_string_equal(decoded.message, "not valid \"JSON\"");
    assert_string_equal(decoded.value, "007bff22");
    assert_int_equal(decoded.value_length, 8);
    dead_letter_clear(&decoded);
    dead_letter_clear(&decoded);
}

static void a_message_without_a_value_has_a_letter_too(void **state)
{
    struct dead_letter letter = EXAMPLE;
    struct dead_letter decoded;

    (void)state;
    letter.value = NULL;
    letter.value_length = 0;
    go_the_way(&letter, &decoded);
    assert_int_equal(decoded.value_length, 0);
    dead_letter_clear(&decoded);
}

static void a_huge_message_is_cut_so_that_its_letter_is_not(void **state)
{
    enum { HUGE = 1000000 };
    struct dead_letter letter = EXAMPLE;
    struct dead_letter decoded;
    char *value = calloc(1, HUGE);

    (void)state;
    letter.value = value;
    letter.value_length = HUGE;
    go_the_way(&letter, &decoded);
    assert_in_range(decoded.value_length, 1, 65536);
    dead_letter_clear(&decoded);
    free(value);
}

/* As function bury of the schema writes it. */
static void the_letter_of_a_job_that_failed_too_often_is_read(void **state)
{
    static const char TEXT[] = "{\"schema\" : 1, \"job_id\" : \"job_1\", \"pool\" : \"build\", "
                               "\"run\" : 3, \"failures\" : 3, \"code\" : \"crashed\", "
                               "\"message\" : \"the worker died\", \"died_at\" : "
                               "\"2026-01-01T00:00:00Z\", \"job\" : \"{\\\"schema\\\":1}\"}";
    struct dead_letter decoded;
    struct error err = {0};

    (void)state;
    assert_true(dead_letter_decode(TEXT, strlen(TEXT), &decoded, &err));
    assert_string_equal(decoded.job_id, "job_1");
    assert_int_equal(decoded.partition, -1);
    assert_string_equal(decoded.code, "crashed");
    assert_string_equal(decoded.value, "{\"schema\":1}");
    dead_letter_clear(&decoded);
}

static void what_is_no_letter_is_refused(void **state)
{
    static const char *const TEXTS[] = {
        "",
        "{}",
        "{\"schema\":1,\"pool\":\"build\",\"code\":\"c\",\"message\":\"m\"}",
        "{\"schema\":9,\"pool\":\"build\",\"code\":\"c\",\"message\":\"m\",\"job\":\"{}\"}",
    };
    struct dead_letter decoded;

    (void)state;
    for (size_t at = 0; at < sizeof TEXTS / sizeof *TEXTS; at++) {
        struct error err = {0};

        assert_false(dead_letter_decode(TEXTS[at], strlen(TEXTS[at]), &decoded, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unreadable_message_comes_back_as_it_was),
        cmocka_unit_test(a_message_without_a_value_has_a_letter_too),
        cmocka_unit_test(a_huge_message_is_cut_so_that_its_letter_is_not),
        cmocka_unit_test(the_letter_of_a_job_that_failed_too_often_is_read),
        cmocka_unit_test(what_is_no_letter_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
