/* test_nearest.c - what was meant by a word that is misspelt. */
#include "infra/base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const WORDS[] = {"READY", "BUILDING", "monthly_charges", "name", "id", NULL};

enum { WORDS_COUNT = sizeof WORDS / sizeof *WORDS - 1 };

static void misspelt_words_are_found(void **state)
{
    static const struct {
        const char *given, *meant;
    } CASES[] = {
        {"READY", "READY"},
        {"REDAY", "READY"},       /* swapped: one change */
        {"REDY", "READY"},        /* left out */
        {"READYY", "READY"},      /* added */
        {"BIULDNIG", "BUILDING"}, /* swapped twice */
        {"montly_charge", "monthly_charges"},
        {"nam", "name"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++)
        assert_string_equal(nearest_word(CASES[at].given, WORDS, WORDS_COUNT), CASES[at].meant);
}

static void other_words_are_not(void **state)
{
    static const char *const CASES[] = {"", "xy", "something", "READ-ONLY", "charges"};

    (void)state;
    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++)
        assert_null(nearest_word(CASES[at], WORDS, WORDS_COUNT));
}

static void a_swap_is_nearer_than_two_changes(void **state)
{
    static const char *const BOTH[] = {"abdd", "abdc"};

    (void)state;
    assert_string_equal(nearest_word("abcd", BOTH, 2), "abdd"); /* one change each: the first */
    assert_string_equal(nearest_word("abcd", BOTH + 1, 1), "abdc");
}

static void the_list_may_end_early(void **state)
{
    static const char *const SHORT[] = {"tenure", NULL, "tenur"};

    (void)state;
    assert_string_equal(nearest_word("tenur", SHORT, SIZE_MAX), "tenure");
    assert_null(nearest_word("tenur", SHORT, 0));
}

static void only_the_beginning_of_long_words_counts(void **state)
{
    static const char *const LONG[] = {"abcdefghijklmnopqrstuvwxyzabcdefgh-one"};

    (void)state;
    assert_ptr_equal(nearest_word("abcdefghijklmnopqrstuvwxyzabcdefgh-another", LONG, 1), LONG[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misspelt_words_are_found),
        cmocka_unit_test(other_words_are_not),
        cmocka_unit_test(a_swap_is_nearer_than_two_changes),
        cmocka_unit_test(the_list_may_end_early),
        cmocka_unit_test(only_the_beginning_of_long_words_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
