/* test_kafka_offsets.c - only the unbroken settled run of a partition may be stored. */
#include "infra/kafka/offsets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static int with_offsets(void **state)
{
    struct error err = {0};

    *state = offsets_new(&err);
    return *state == NULL;
}

static int free_offsets(void **state)
{
    offsets_free(*state);
    return 0;
}

static void read_run(struct offsets *offsets, int partition, int64_t from, int64_t to)
{
    for (int64_t offset = from; offset <= to; offset++)
        assert_true(offsets_read(offsets, partition, offset));
}

static void settling_in_order_moves_by_one(void **state)
{
    read_run(*state, 0, 10, 12);
    assert_int_equal(offsets_settle(*state, 0, 10), 11);
    assert_int_equal(offsets_settle(*state, 0, 11), 12);
    assert_int_equal(offsets_settle(*state, 0, 12), 13);
}

static void a_message_that_is_not_settled_holds_back_all_after_it(void **state)
{
    read_run(*state, 0, 0, 4);
    assert_int_equal(offsets_settle(*state, 0, 4), -1);
    assert_int_equal(offsets_settle(*state, 0, 1), -1);
    assert_int_equal(offsets_settle(*state, 0, 0), 2);
    assert_int_equal(offsets_settle(*state, 0, 3), -1);
    assert_int_equal(offsets_settle(*state, 0, 2), 5);
}

static void settling_twice_is_settling_once(void **state)
{
    read_run(*state, 0, 0, 1);
    assert_int_equal(offsets_settle(*state, 0, 1), -1);
    assert_int_equal(offsets_settle(*state, 0, 1), -1);
    assert_int_equal(offsets_settle(*state, 0, 0), 2);
    assert_int_equal(offsets_settle(*state, 0, 0), -1);
}

static void holes_of_the_log_are_passed_over(void **state)
{
    assert_true(offsets_read(*state, 0, 5));
    assert_true(offsets_read(*state, 0, 9));
    assert_true(offsets_read(*state, 0, 100));
    assert_int_equal(offsets_settle(*state, 0, 9), -1);
    assert_int_equal(offsets_settle(*state, 0, 5), 10);
    assert_int_equal(offsets_settle(*state, 0, 7), -1);
    assert_int_equal(offsets_settle(*state, 0, 100), 101);
}

static void partitions_do_not_touch_each_other(void **state)
{
    read_run(*state, 0, 0, 1);
    read_run(*state, 7, 0, 1);
    assert_int_equal(offsets_settle(*state, 7, 1), -1);
    assert_int_equal(offsets_settle(*state, 0, 0), 1);
    assert_int_equal(offsets_settle(*state, 7, 0), 2);
}

static void what_was_read_before_a_partition_was_taken_away_is_forgotten(void **state)
{
    read_run(*state, 3, 0, 9);
    offsets_forget(*state, 3);
    assert_int_equal(offsets_settle(*state, 3, 0), -1);
    /* it comes back, from where another member left it */
    read_run(*state, 3, 50, 51);
    assert_int_equal(offsets_settle(*state, 3, 9), -1);
    assert_int_equal(offsets_settle(*state, 3, 50), 51);
}

static void partitions_nobody_read_from_may_be_forgotten_and_settled(void **state)
{
    offsets_forget(*state, 1);
    assert_int_equal(offsets_settle(*state, 1, 0), -1);
}

static void reading_again_from_further_back_takes_the_place_of_what_was_read(void **state)
{
    read_run(*state, 0, 10, 19);
    assert_int_equal(offsets_settle(*state, 0, 10), 11);
    assert_int_equal(offsets_settle(*state, 0, 15), -1);
    assert_int_equal(offsets_settle(*state, 0, 16), -1);
    read_run(*state, 0, 15, 19); /* 11 to 14 are still with whoever read them */
    for (int64_t offset = 12; offset <= 15; offset++)
        assert_int_equal(offsets_settle(*state, 0, offset), -1);
    assert_int_equal(offsets_settle(*state, 0, 11), 16);
    read_run(*state, 0, 2, 3); /* the log was cut, or the group rewound */
    assert_int_equal(offsets_settle(*state, 0, 16), -1);
    assert_int_equal(offsets_settle(*state, 0, 2), 3);
}

/* A model that is too simple to be wrong: an array of what is settled. */
static void any_order_stores_the_end_of_the_run(void **state)
{
    enum { COUNT = 1000 };
    static int64_t order[COUNT];
    static bool settled[COUNT + 1];
    int64_t stored = 0;

    srand(1);
    for (int round = 0; round < 20; round++) {
        int64_t end = 0;

        read_run(*state, 0, 0, COUNT - 1);
        for (int at = 0; at < COUNT; at++) {
            int other = rand() % (at + 1);

            settled[at] = false;
            order[at] = order[other];
            order[other] = at;
        }
        for (int at = 0; at < COUNT; at++) {
            int64_t next = offsets_settle(*state, 0, order[at]);
            bool first = order[at] == end;

            settled[order[at]] = true;
            while (settled[end])
                end++;
            assert_int_equal(next, first ? end : -1);
            stored = next == -1 ? stored : next;
        }
        assert_int_equal(stored, COUNT);
        offsets_forget(*state, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settling_in_order_moves_by_one, with_offsets, free_offsets),
        cmocka_unit_test_setup_teardown(a_message_that_is_not_settled_holds_back_all_after_it,
                                        with_offsets, free_offsets),
        cmocka_unit_test_setup_teardown(settling_twice_is_settling_once, with_offsets,
                                        free_offsets),
        cmocka_unit_test_setup_teardown(holes_of_the_log_are_passed_over, with_offsets,
                                        free_offsets),
        cmocka_unit_test_setup_teardown(partitions_do_not_touch_each_other, with_offsets,
                                        free_offsets),
        cmocka_unit_test_setup_teardown(
            what_was_read_before_a_partition_was_taken_away_is_forgotten, with_offsets,
            free_offsets),
        cmocka_unit_test_setup_teardown(partitions_nobody_read_from_may_be_forgotten_and_settled,
                                        with_offsets, free_offsets),
        cmocka_unit_test_setup_teardown(
            reading_again_from_further_back_takes_the_place_of_what_was_read, with_offsets,
            free_offsets),
        cmocka_unit_test_setup_teardown(any_order_stores_the_end_of_the_run, with_offsets,
                                        free_offsets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
