/* test_states.c - the state machines, and what may become of what. */
#include "schemas/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const enum machine MACHINES[] = {MACHINE_JOB, MACHINE_VERSION, MACHINE_DEPLOYMENT,
                                        MACHINE_UPLOAD};

enum { MACHINES_COUNT = sizeof MACHINES / sizeof *MACHINES };

static int states_count(enum machine machine)
{
    int count = 0;

    while (state_word(machine, count) != NULL)
        count++;
    return count;
}

static void a_word_leads_back_to_its_state(void **state)
{
    (void)state;
    for (size_t at = 0; at < MACHINES_COUNT; at++) {
        assert_true(states_count(MACHINES[at]) >= 5);
        for (int from = 0; from < states_count(MACHINES[at]); from++)
            assert_int_equal(state_from_word(MACHINES[at], state_word(MACHINES[at], from)), from);
    }
}

static void words_that_are_no_state_are_told_so(void **state)
{
    (void)state;
    assert_int_equal(state_from_word(MACHINE_JOB, "READY"), -1);
    assert_int_equal(state_from_word(MACHINE_JOB, ""), -1);
    assert_int_equal(state_from_word(MACHINE_UPLOAD, "PENDING"), -1);
    assert_null(state_word(MACHINE_JOB, -1));
    assert_null(state_word(MACHINE_JOB, 1000));
}

static void nothing_leads_to_where_it_is(void **state)
{
    (void)state;
    for (size_t at = 0; at < MACHINES_COUNT; at++)
        for (int from = 0; from < states_count(MACHINES[at]); from++)
            assert_false(state_may_move(MACHINES[at], from, from));
}

static void every_state_but_the_first_is_reached_and_every_way_ends(void **state)
{
    (void)state;
    for (size_t at = 0; at < MACHINES_COUNT; at++) {
        int count = states_count(MACHINES[at]);
        unsigned reached = 1;

        for (int round = 0; round < count; round++)
            for (int from = 0; from < count; from++)
                for (int to = 0; to < count; to++)
                    if ((reached & (1u << from)) != 0 && state_may_move(MACHINES[at], from, to))
                        reached |= 1u << to;
        assert_int_equal(reached, (1u << count) - 1);
    }
}

static void the_moves_are_these(void **state)
{
    static const struct {
        enum machine machine;
        const char *from;
        const char *to;
        bool allowed;
    } ROWS[] = {
        {MACHINE_JOB, "PENDING", "RUNNING", true},
        {MACHINE_JOB, "PENDING", "CANCELLED", true},
        {MACHINE_JOB, "PENDING", "COMPLETED", false},
        {MACHINE_JOB, "RUNNING", "RETRYING", true},
        {MACHINE_JOB, "RUNNING", "CANCELLING", true},
        {MACHINE_JOB, "RUNNING", "PENDING", false},
        {MACHINE_JOB, "RETRYING", "RUNNING", true},
        {MACHINE_JOB, "RETRYING", "CANCELLED", true},
        {MACHINE_JOB, "CANCELLING", "COMPLETED", true}, /* finished work is kept */
        {MACHINE_JOB, "CANCELLING", "RETRYING", false},
        {MACHINE_JOB, "COMPLETED", "RUNNING", false},
        {MACHINE_VERSION, "DRAFT", "BUILDING", true},
        {MACHINE_VERSION, "DRAFT", "ERROR", true}, /* cancelled while it waited */
        {MACHINE_VERSION, "DRAFT", "READY", false},
        {MACHINE_VERSION, "BUILDING", "READY", true},
        {MACHINE_VERSION, "READY", "BUILDING", false},
        {MACHINE_VERSION, "ERROR", "READY", false},
        {MACHINE_DEPLOYMENT, "DEPLOYING", "ACTIVE", true},
        {MACHINE_DEPLOYMENT, "ACTIVE", "UNDEPLOYING", true},
        {MACHINE_DEPLOYMENT, "UNDEPLOYED", "ACTIVE", false},
        {MACHINE_UPLOAD, "pending", "complete", true},
        {MACHINE_UPLOAD, "complete", "pending", false},
        {MACHINE_UPLOAD, "failed", "complete", false},
    };

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        int from = state_from_word(ROWS[at].machine, ROWS[at].from);
        int to = state_from_word(ROWS[at].machine, ROWS[at].to);

        if (state_may_move(ROWS[at].machine, from, to) != ROWS[at].allowed)
            fail_msg("%s -> %s should %s allowed", ROWS[at].from, ROWS[at].to,
                     ROWS[at].allowed ? "be" : "not be");
    }
}

static void these_states_are_final(void **state)
{
    (void)state;
    assert_true(state_is_final(MACHINE_JOB, JOB_COMPLETED));
    assert_true(state_is_final(MACHINE_JOB, JOB_FAILED));
    assert_true(state_is_final(MACHINE_JOB, JOB_CANCELLED));
    assert_false(state_is_final(MACHINE_JOB, JOB_RETRYING));
    assert_false(state_is_final(MACHINE_JOB, JOB_CANCELLING));
    assert_true(state_is_final(MACHINE_VERSION, VERSION_DELETED));
    assert_false(state_is_final(MACHINE_VERSION, VERSION_READY));
    assert_true(state_is_final(MACHINE_DEPLOYMENT, DEPLOYMENT_UNDEPLOYED));
    assert_true(state_is_final(MACHINE_UPLOAD, UPLOAD_DELETED));
    assert_false(state_is_final(MACHINE_JOB, 1000));
}

static char *read_tables(void)
{
    FILE *file = fopen(TRAINYARD_SOURCE_DIR "/schemas/sql/0001_tables.sql", "r");
    char *text = calloc(1, 65536);

    if (file == NULL || text == NULL)
        fail_msg("the tables cannot be read");
    assert_in_range(fread(text, 1, 65535, file), 1000, 65534);
    fclose(file);
    return text;
}

/* Compares the words between quotes from at up to the bracket that ends the CHECK. */
static void assert_words(const char *at, enum machine machine)
{
    int count = 0;
    unsigned seen = 0;

    while (*at != ')') {
        char word[32] = "";
        int number;

        if (*at++ != '\'')
            continue;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(at, "'"), at);
        number = state_from_word(machine, word);
        if (number < 0)
            fail_msg("the database knows %s, the programs do not", word);
        seen |= 1u << number;
        count++;
        at += strlen(word) + 1;
    }
    assert_int_equal(count, states_count(machine));
    assert_int_equal(seen, (1u << count) - 1);
}

static void the_words_are_those_of_the_database(void **state)
{
    static const struct {
        const char *table;
        enum machine machine;
    } ROWS[] = {{"create table jobs (", MACHINE_JOB},
                {"create table versions (", MACHINE_VERSION},
                {"create table uploads (", MACHINE_UPLOAD}};
    static const char CHECK[] = "check (status in (";
    char *tables = read_tables();

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        const char *table = strstr(tables, ROWS[at].table);
        const char *check = table == NULL ? NULL : strstr(table, CHECK);

        if (check == NULL)
            fail_msg("no check of the status: %s", ROWS[at].table);
        else
            assert_words(check + strlen(CHECK), ROWS[at].machine);
    }
    free(tables);
}

static void nothing_leads_out_of_what_is_final(void **state)
{
    (void)state;
    for (size_t at = 0; at < MACHINES_COUNT; at++)
        for (int from = 0; from < states_count(MACHINES[at]); from++) {
            bool leads_out = false;

            for (int to = 0; to < states_count(MACHINES[at]); to++)
                leads_out |= state_may_move(MACHINES[at], from, to);
            assert_int_equal(state_is_final(MACHINES[at], from), !leads_out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_are_those_of_the_database),
        cmocka_unit_test(nothing_leads_out_of_what_is_final),
        cmocka_unit_test(a_word_leads_back_to_its_state),
        cmocka_unit_test(words_that_are_no_state_are_told_so),
        cmocka_unit_test(nothing_leads_to_where_it_is),
        cmocka_unit_test(every_state_but_the_first_is_reached_and_every_way_ends),
        cmocka_unit_test(the_moves_are_these),
        cmocka_unit_test(these_states_are_final),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
