/* test_ready.c - the ready list keeps its order and its limits. */
#include "workers/runtime/ready.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ready_job job(const char *account, int number)
{
    struct ready_job made = {.partition = 1, .offset = number};

    snprintf(made.job_id, sizeof made.job_id, "job_%d", number);
    snprintf(made.account, sizeof made.account, "%s", account);
    return made;
}

static int with_empty_list(void **state)
{
    struct error err = {0};

    *state = ready_new(&err);
    return *state == NULL;
}

static int free_list(void **state)
{
    ready_free(*state);
    return 0;
}

static void fill(struct ready *ready, int accounts, int each)
{
    char account[16];

    for (int at = 0; at < accounts * each; at++) {
        struct ready_job made;

        snprintf(account, sizeof account, "a%d", at % accounts);
        made = job(account, at);
        assert_true(ready_add(ready, &made));
    }
}

static void jobs_leave_in_the_order_they_came(void **state)
{
    struct ready_job taken[3];

    fill(*state, 3, 1);
    assert_int_equal(ready_take(*state, taken, 3), 3);
    for (int at = 0; at < 3; at++)
        assert_int_equal(taken[at].offset, at);
    assert_int_equal(ready_count(*state), 0);
}

static void jobs_given_back_leave_first_again(void **state)
{
    struct ready_job taken[4];

    fill(*state, 4, 1);
    assert_int_equal(ready_take(*state, taken, 2), 2);
    ready_return(*state, taken, 2);
    assert_int_equal(ready_take(*state, taken, 4), 4);
    for (int at = 0; at < 4; at++)
        assert_int_equal(taken[at].offset, at);
}

static void one_account_spills_past_its_share(void **state)
{
    struct ready_job one_more = job("a0", 1000);
    struct ready_job another = job("b", 1001);

    fill(*state, 1, READY_OF_ACCOUNT);
    assert_false(ready_add(*state, &one_more));
    assert_true(ready_add(*state, &another));
}

static void a_full_list_takes_what_was_on_its_way_and_then_spills(void **state)
{
    int spilled = 0;

    for (int at = 0; at < 2 * READY_FULL; at++) {
        char account[16];
        struct ready_job made;

        snprintf(account, sizeof account, "a%d", at / READY_OF_ACCOUNT);
        made = job(account, at);
        spilled += !ready_add(*state, &made);
    }
    assert_true(ready_count(*state) >= READY_FULL);
    assert_int_equal(ready_count(*state) + (size_t)spilled, 2 * READY_FULL);
}

static void a_full_list_has_room_for_what_is_given_back(void **state)
{
    struct ready_job taken[100];

    fill(*state, 20, 50);
    assert_int_equal(ready_take(*state, taken, 100), 100);
    fill(*state, 20, 5);
    ready_return(*state, taken, 100);
    assert_int_equal(ready_count(*state), 1100);
    assert_int_equal(ready_take(*state, taken, 1), 1);
    assert_int_equal(taken[0].offset, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(jobs_leave_in_the_order_they_came, with_empty_list,
                                        free_list),
        cmocka_unit_test_setup_teardown(jobs_given_back_leave_first_again, with_empty_list,
                                        free_list),
        cmocka_unit_test_setup_teardown(one_account_spills_past_its_share, with_empty_list,
                                        free_list),
        cmocka_unit_test_setup_teardown(a_full_list_takes_what_was_on_its_way_and_then_spills,
                                        with_empty_list, free_list),
        cmocka_unit_test_setup_teardown(a_full_list_has_room_for_what_is_given_back,
                                        with_empty_list, free_list),
    };

    return cmocka_run_group_tests_name("ready", tests, NULL, NULL);
}
