/* test_engine_words.c - words meet by stem and kin, names by all but case and joints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/train/words.h"

static void words_meet_by_stem_and_kin(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool alike;
    } TABLE[] = {
        {"leave", "churn", true},  {"leaving", "churn", true},   {"churned", "churn", true},
        {"cancel", "churn", true}, {"attrition", "churn", true}, {"cost", "price", true},
        {"bikes", "bikers", true}, {"prices", "price", true},    {"died", "survived", true},
        {"cities", "city", true},  {"hour", "hr", true},         {"age", "wage", false},
        {"price", "rice", false},  {"sex", "species", false},    {"day", "date", false}};

    (void)state;
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        assert_int_equal(words_likeness(TABLE[i].a, TABLE[i].b) > 0, TABLE[i].alike);
        assert_int_equal(words_likeness(TABLE[i].b, TABLE[i].a) > 0, TABLE[i].alike);
    }
}

static void words_are_cut_at_joints_and_humps(void **state)
{
    struct words words;

    (void)state;
    words_split("totalCharges_perMonth, 2nd", &words);
    assert_int_equal(words.count, 5);
    assert_string_equal(words.word[0], "total");
    assert_string_equal(words.word[1], "charges");
    assert_string_equal(words.word[3], "month");
    assert_string_equal(words.word[4], "2nd");
    words_split("", &words);
    assert_int_equal(words.count, 0);
}

static void names_are_equal_but_for_case_and_joints(void **state)
{
    (void)state;
    assert_true(names_equal("Total Charges", "total_charges"));
    assert_true(names_equal("total-charges", "TotalCharges"));
    assert_false(names_equal("total", "totals"));
    assert_int_equal(names_distance("tenur", "tenure"), 1);
    assert_int_equal(names_distance("", "abc"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_meet_by_stem_and_kin),
        cmocka_unit_test(words_are_cut_at_joints_and_humps),
        cmocka_unit_test(names_are_equal_but_for_case_and_joints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
