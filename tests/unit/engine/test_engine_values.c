/* test_engine_values.c - texts are read as numbers, booleans and dates, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/predict/encode.h"
#include "engine/predict/values.h"

static void numbers_are_decimal_and_finite(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        double number;
    } TABLE[] = {{"1", true, 1},    {" -2.5 ", true, -2.5}, {"1e3", true, 1000}, {"+4", true, 4},
                 {"", false, 0},    {"abc", false, 0},      {"0x10", false, 0},  {"inf", false, 0},
                 {"nan", false, 0}, {"1e999", false, 0},    {"1,5", false, 0},   {"1 2", false, 0},
                 {"-", false, 0},   {".5", true, 0.5},      {"5.", true, 5},     {"1e", false, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        double number = 0;

        assert_int_equal(text_number(TABLE[i].text, strlen(TABLE[i].text), &number), TABLE[i].ok);
        if (TABLE[i].ok)
            assert_true(number == TABLE[i].number);
    }
}

static void dates_are_iso_and_exist(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        double seconds;
    } TABLE[] = {{"1970-01-01", true, 0},
                 {"1970/1/2", true, 86400},
                 {"2024-02-29", true, 1709164800},
                 {"2023-02-29", false, 0},
                 {"2024-02-29T12:30:15.5Z", true, 1709209815.5},
                 {"2024-02-29 12:30", true, 1709209800},
                 {"2024-02-29T12:30+02:00", true, 1709202600},
                 {"2024-02-29T12:30:00 -0530", true, 1709229600},
                 {"1969-12-31", true, -86400},
                 {"2024-13-01", false, 0},
                 {"2024-00-01", false, 0},
                 {"24-01-01", false, 0},
                 {"2024-01-01x", false, 0},
                 {"2024-01-01T25:00", false, 0},
                 {"2024-01", false, 0},
                 {"", false, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        double seconds = 0;

        assert_int_equal(text_date(TABLE[i].text, strlen(TABLE[i].text), &seconds), TABLE[i].ok);
        if (TABLE[i].ok)
            assert_true(seconds == TABLE[i].seconds);
    }
}

static void days_come_back(void **state)
{
    struct day day = day_from_number(19782);

    (void)state;
    assert_int_equal(day.year, 2024);
    assert_int_equal(day.month, 2);
    assert_int_equal(day.day, 29);
    assert_int_equal(day.weekday, 3);
    assert_int_equal(day.yearday, 60);
    assert_int_equal(day_from_number(-1).weekday, 2);
}

static void words_for_missing_are_missing(void **state)
{
    (void)state;
    assert_true(text_is_missing("", 0));
    assert_true(text_is_missing(" NA ", 4));
    assert_true(text_is_missing("null", 4));
    assert_false(text_is_missing("No", 2));
    assert_false(text_is_missing("0", 1));
}

static void numbers_have_the_shortest_text(void **state)
{
    static const struct {
        double number;
        const char *text;
    } TABLE[] = {{3, "3"}, {-0.0, "0"}, {0.25, "0.25"}, {0.1, "0.1"}, {1e20, "1e+20"}};
    char text[40];

    (void)state;
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        assert_int_equal(number_text(TABLE[i].number, text, sizeof text), strlen(TABLE[i].text));
        assert_string_equal(text, TABLE[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_decimal_and_finite),
        cmocka_unit_test(dates_are_iso_and_exist),
        cmocka_unit_test(days_come_back),
        cmocka_unit_test(words_for_missing_are_missing),
        cmocka_unit_test(numbers_have_the_shortest_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
