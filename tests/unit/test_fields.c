/* test_fields.c - JSON at the edge: limits are kept, and all mistakes are told at once. */
#include "schemas/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    struct error err = {0};
    json_t *json = json_parse(text, strlen(text), &err);

    if (json == NULL)
        fail_msg("%s: %s", text, err.message);
    return json;
}

static const char *problem(const struct fields *fields, const char *name)
{
    const char *text = json_string_value(json_object_get(fields->problems, name));

    return text == NULL ? "" : text;
}

static void good_fields_are_read(void **state)
{
    static const char *const COLOURS[] = {"red", "green", NULL};
    json_t *json = parse("{\"text\":\"a\",\"count\":7,\"ratio\":0.5,\"whole\":2,\"yes\":true,"
                         "\"colour\":\"green\",\"map\":{},\"list\":[1,2],\"any\":null}");
    struct fields fields = {.object = json};
    struct error err = {0};

    (void)state;
    assert_string_equal(fields_text(&fields, "text", REQUIRED, 10), "a");
    assert_int_equal(fields_int(&fields, "count", REQUIRED, 0, 10, 0), 7);
    assert_true(fields_number(&fields, "ratio", REQUIRED, 0) == 0.5);
    assert_true(fields_number(&fields, "whole", REQUIRED, 0) == 2);
    assert_true(fields_bool(&fields, "yes", REQUIRED, false));
    assert_int_equal(fields_choice(&fields, "colour", REQUIRED, COLOURS, 0), 1);
    assert_non_null(fields_object(&fields, "map", REQUIRED));
    assert_int_equal(json_array_size(fields_array(&fields, "list", REQUIRED, 2)), 2);
    assert_true(json_is_null(fields_any(&fields, "any")));
    assert_true(fields_end(&fields, &err));
    assert_null(fields_take_problems(&fields));
    fields_clear(&fields);
    json_decref(json);
}

static void what_is_absent_or_null_is_the_fallback(void **state)
{
    json_t *json = parse("{\"count\":null}");
    struct fields fields = {.object = json};
    struct error err = {0};

    (void)state;
    assert_int_equal(fields_int(&fields, "count", OPTIONAL, 0, 10, 3), 3);
    assert_null(fields_text(&fields, "text", OPTIONAL, 10));
    assert_true(fields_bool(&fields, "yes", OPTIONAL, true));
    assert_true(fields_end(&fields, &err));
    fields_clear(&fields);
    json_decref(json);
}

static void each_mistake_is_told(void **state)
{
    static const char *const COLOURS[] = {"red", "green", NULL};
    json_t *json = parse("{\"long\":\"abcdef\",\"nul\":\"a\\u0000b\",\"blank\":\"  \",\"type\":1,"
                         "\"big\":11,\"colour\":\"gren\",\"shape\":\"circle\",\"list\":[1,2,3]}");
    struct fields fields = {.object = json};
    struct error err = {0};

    (void)state;
    assert_null(fields_text(&fields, "long", REQUIRED, 5));
    assert_null(fields_text(&fields, "nul", REQUIRED, 10));
    assert_null(fields_text(&fields, "blank", REQUIRED, 10));
    assert_null(fields_text(&fields, "type", REQUIRED, 10));
    assert_null(fields_text(&fields, "gone", REQUIRED, 10));
    assert_int_equal(fields_int(&fields, "big", REQUIRED, 0, 10, 5), 5);
    assert_int_equal(fields_choice(&fields, "colour", REQUIRED, COLOURS, 0), 0);
    assert_int_equal(fields_choice(&fields, "shape", REQUIRED, COLOURS, 1), 1);
    assert_null(fields_array(&fields, "list", REQUIRED, 2));
    assert_false(fields_end(&fields, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
    assert_non_null(strstr(err.message, "long"));
    assert_non_null(strstr(err.message, "8 more"));
    assert_non_null(strstr(problem(&fields, "long"), "longer than 5"));
    assert_non_null(strstr(problem(&fields, "nul"), "NUL"));
    assert_non_null(strstr(problem(&fields, "blank"), "empty"));
    assert_non_null(strstr(problem(&fields, "type"), "give a string"));
    assert_non_null(strstr(problem(&fields, "gone"), "missing"));
    assert_non_null(strstr(problem(&fields, "big"), "0 to 10"));
    assert_non_null(strstr(problem(&fields, "colour"), "did you mean green"));
    assert_non_null(strstr(problem(&fields, "shape"), "such as red"));
    assert_non_null(strstr(problem(&fields, "list"), "more than 2"));
    fields_clear(&fields);
    json_decref(json);
}

static void fields_nobody_asked_for_are_named_with_the_nearest_one(void **state)
{
    json_t *json = parse("{\"intent\":\"a\",\"intnet\":\"b\",\"zzzzzzzz\":1}");
    struct fields fields = {.object = json};
    struct error err = {0};

    (void)state;
    assert_non_null(fields_text(&fields, "intent", REQUIRED, 10));
    assert_true(fields_end_lenient(&fields, &err));
    assert_false(fields_end(&fields, &err));
    assert_non_null(strstr(problem(&fields, "intnet"), "did you mean intent"));
    assert_non_null(strstr(problem(&fields, "zzzzzzzz"), "leave it out"));
    fields_clear(&fields);
    json_decref(json);
}

static void what_is_no_object_is_one_mistake(void **state)
{
    static const char *const TEXTS[] = {"[]", "1", "null", "\"{}\""};

    (void)state;
    for (size_t at = 0; at < sizeof TEXTS / sizeof *TEXTS; at++) {
        json_t *json = parse(TEXTS[at]);
        struct fields fields = {.object = json};
        struct error err = {0};

        assert_null(fields_text(&fields, "text", REQUIRED, 10));
        assert_false(fields_end(&fields, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
        fields_clear(&fields);
        json_decref(json);
    }
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *told;
    } ROWS[] = {{"", "line 1"},
                {"{", "line 1"},
                {"{\"a\":1,\"a\":2}", "duplicate"},
                {"{\"a\":1}x", "line 1"},
                {"\"\xff\"", "decode byte"},
                {"[1,\n2,\n,3]", "line 3"}};

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        struct error err = {0};

        assert_null(json_parse(ROWS[at].text, strlen(ROWS[at].text), &err));
        assert_int_equal(err.code, ERROR_INVALID_REQUEST);
        if (strstr(err.message, ROWS[at].told) == NULL)
            fail_msg("%s: %s", ROWS[at].text, err.message);
    }
}

static void json_nests_to_a_depth_and_no_deeper(void **state)
{
    char text[2 * JSON_DEPTH + 3];
    struct error err = {0};
    json_t *json;

    (void)state;
    memset(text, '[', JSON_DEPTH);
    memset(text + JSON_DEPTH, ']', JSON_DEPTH);
    json = json_parse(text, 2 * JSON_DEPTH, &err);
    assert_non_null(json);
    json_decref(json);
    memset(text, '[', JSON_DEPTH + 1);
    memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
    assert_null(json_parse(text, 2 * JSON_DEPTH + 2, &err));
    assert_non_null(strstr(err.message, "deeper"));
    /* brackets within texts are letters */
    json = parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"]");
    json_decref(json);
}

/* JSON_DEPTH levels around inner. */
static bool parses_at_the_depth(const char *inner)
{
    char text[256] = "";
    struct error err = {0};
    json_t *json;

    memset(text, '[', JSON_DEPTH);
    strcat(text, inner);
    memset(text + strlen(text), ']', JSON_DEPTH);
    json = json_parse(text, strlen(text), &err);
    json_decref(json);
    return json != NULL;
}

static void quotes_within_texts_hide_no_depth_and_make_none(void **state)
{
    static const struct {
        const char *inner;
        bool ok;
    } ROWS[] = {{"1", true},
                {"[]", false},
                {"\"\\\"\",[]", false},    /* "\"", then a level more */
                {"\"\\\\\",[]", false},    /* "\\", then a level more */
                {"\"\\\"[[[[\"", true},    /* "\"[[[[" */
                {"\"\\\\\\\"[\",1", true}, /* "\\\"[" */
                {"\"]]]\",[]", false}};

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++)
        if (parses_at_the_depth(ROWS[at].inner) != ROWS[at].ok)
            fail_msg("%s should %s", ROWS[at].inner, ROWS[at].ok ? "be read" : "be refused");
}

static void numbers_no_machine_holds_are_refused(void **state)
{
    static const char *const TEXTS[] = {"9223372036854775808",
                                        "-9223372036854775809",
                                        "1e999",
                                        "[1, 99999999999999999999999999]",
                                        "NaN",
                                        "Infinity",
                                        "01",
                                        "+1",
                                        "{\"a\\u0000b\":1}",
                                        "{\"a\":{\"b\":1,\"b\":1}}"};
    json_t *json = parse("9223372036854775807");

    (void)state;
    assert_int_equal(json_integer_value(json), INT64_MAX);
    json_decref(json);
    for (size_t at = 0; at < sizeof TEXTS / sizeof *TEXTS; at++) {
        struct error err = {0};

        if (json_parse(TEXTS[at], strlen(TEXTS[at]), &err) != NULL)
            fail_msg("%s is taken", TEXTS[at]);
        assert_int_equal(err.code, ERROR_INVALID_REQUEST);
    }
}

static void a_value_of_another_type_is_a_mistake_for_every_reader(void **state)
{
    static const char *const VALUES[] = {"\"text\"", "7", "0.5", "true", "{}", "[]"};
    static const char *const CHOICES[] = {"text", NULL};
    static const bool FITS[][7] = {/* text, int, number, bool, choice, object, array */
                                   {true, false, false, false, true, false, false},
                                   {false, true, true, false, false, false, false},
                                   {false, false, true, false, false, false, false},
                                   {false, false, false, true, false, false, false},
                                   {false, false, false, false, false, true, false},
                                   {false, false, false, false, false, false, true}};
    char text[64];

    (void)state;
    for (size_t value = 0; value < 6; value++)
        for (size_t reader = 0; reader < 7; reader++) {
            enum presence presence = value % 2 == 0 ? OPTIONAL : REQUIRED;
            struct fields fields = {0};
            struct error err = {0};
            json_t *json;

            snprintf(text, sizeof text, "{\"a\":%s}", VALUES[value]);
            json = parse(text);
            fields.object = json;
            switch (reader) {
            case 0:
                fields_text(&fields, "a", presence, 9);
                break;
            case 1:
                fields_int(&fields, "a", presence, 0, 9, 0);
                break;
            case 2:
                fields_number(&fields, "a", presence, 0);
                break;
            case 3:
                fields_bool(&fields, "a", presence, false);
                break;
            case 4:
                fields_choice(&fields, "a", presence, CHOICES, 0);
                break;
            case 5:
                fields_object(&fields, "a", presence);
                break;
            default:
                fields_array(&fields, "a", presence, 9);
            }
            if (fields_end(&fields, &err) != FITS[value][reader])
                fail_msg("reader %zu of %s", reader, VALUES[value]);
            fields_clear(&fields);
            json_decref(json);
        }
}

static void what_was_parsed_is_written_compactly(void **state)
{
    json_t *json = parse("{ \"a\" : [ 1, 2.5, \"x\\\"y\" ] }");
    struct error err = {0};
    char *text = json_text(json, &err);

    (void)state;
    assert_string_equal(text, "{\"a\":[1,2.5,\"x\\\"y\"]}");
    free(text);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_fields_are_read),
        cmocka_unit_test(what_is_absent_or_null_is_the_fallback),
        cmocka_unit_test(each_mistake_is_told),
        cmocka_unit_test(fields_nobody_asked_for_are_named_with_the_nearest_one),
        cmocka_unit_test(what_is_no_object_is_one_mistake),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(json_nests_to_a_depth_and_no_deeper),
        cmocka_unit_test(quotes_within_texts_hide_no_depth_and_make_none),
        cmocka_unit_test(numbers_no_machine_holds_are_refused),
        cmocka_unit_test(a_value_of_another_type_is_a_mistake_for_every_reader),
        cmocka_unit_test(what_was_parsed_is_written_compactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
