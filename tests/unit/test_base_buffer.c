/* test_base_buffer.c - text that grows, and what becomes of it as JSON. */
#include "infra/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void text_grows_and_always_ends_with_nul(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    for (int at = 0; at < 1000; at++) {
        buffer_add_text(&buffer, "abc");
        buffer_add_char(&buffer, ',');
        buffer_printf(&buffer, "%03d;", at);
        assert_int_equal(strlen(buffer.data), buffer.length);
    }
    assert_int_equal(buffer.length, 8000);
    assert_memory_equal(buffer.data + 7992, "abc,999;", 8);
    buffer_clear(&buffer);
    buffer_clear(&buffer);
}

static void emptying_keeps_the_memory(void **state)
{
    struct buffer buffer = {0};
    size_t capacity;

    (void)state;
    buffer_reset(&buffer);
    buffer_add_text(&buffer, "something");
    capacity = buffer.capacity;
    buffer_reset(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer.capacity, capacity);
    buffer_clear(&buffer);
}

static void what_is_dropped_is_gone_from_the_front(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_add_text(&buffer, "one two");
    buffer_drop(&buffer, 0);
    buffer_drop(&buffer, 4);
    assert_string_equal(buffer.data, "two");
    buffer_drop(&buffer, 3);
    assert_int_equal(buffer.length, 0);
    buffer_clear(&buffer);
}

static void taking_gives_the_text_away(void **state)
{
    struct buffer buffer = {0};
    struct error err = {0};
    char *text;

    (void)state;
    text = buffer_take(&buffer, &err); /* nothing was added: an empty text */
    assert_string_equal(text, "");
    free(text);
    buffer_add_text(&buffer, "text");
    text = buffer_take(&buffer, &err);
    assert_string_equal(text, "text");
    assert_null(buffer.data);
    free(text);
}

static void a_buffer_that_failed_says_so_at_the_end(void **state)
{
    struct buffer buffer = {.failed = true};
    struct error err = {0};

    (void)state;
    buffer_add_text(&buffer, "lost");
    buffer_printf(&buffer, "%d", 1);
    assert_null(buffer_take(&buffer, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_false(buffer.failed);
}

static void json_texts_are_quoted_and_are_utf_8_whatever_came(void **state)
{
#define GONE "\xef\xbf\xbd"
    static const struct {
        const char *text;
        const char *json;
    } ROWS[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"tab\tnewline\n", "\"tab\\u0009newline\\u000a\""},
        {"\x7f", "\"\x7f\""},
        {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {"\xff", "\"" GONE "\""},
        {"\xc3", "\"" GONE "\""},                            /* cut */
        {"\xc0\xaf", "\"" GONE GONE "\""},                   /* longer than need be */
        {"\xe0\x80\x80", "\"" GONE GONE GONE "\""},          /* the same */
        {"\xed\xa0\x80", "\"" GONE GONE GONE "\""},          /* half of a pair */
        {"\xf4\x90\x80\x80", "\"" GONE GONE GONE GONE "\""}, /* beyond the last */
    };
#undef GONE

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        struct buffer buffer = {0};

        buffer_add_json(&buffer, ROWS[at].text, strlen(ROWS[at].text));
        assert_string_equal(buffer.data, ROWS[at].json);
        buffer_clear(&buffer);
    }
}

static void nul_within_a_text_is_written_as_an_escape(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_add_json(&buffer, "a\0b", 3);
    assert_string_equal(buffer.data, "\"a\\u0000b\"");
    buffer_clear(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_and_always_ends_with_nul),
        cmocka_unit_test(emptying_keeps_the_memory),
        cmocka_unit_test(what_is_dropped_is_gone_from_the_front),
        cmocka_unit_test(taking_gives_the_text_away),
        cmocka_unit_test(a_buffer_that_failed_says_so_at_the_end),
        cmocka_unit_test(json_texts_are_quoted_and_are_utf_8_whatever_came),
        cmocka_unit_test(nul_within_a_text_is_written_as_an_escape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
