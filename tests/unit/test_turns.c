/* test_turns.c - equal requests go one after the other, until one has an answer. */
#include "api/turns.h"

#include "infra/base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { THREADS = 40, WAIT_MS = 10000, SHORT_MS = 20 };

struct crowd {
    struct turns *turns;
    atomic_int inside;
    atomic_int most_inside;
    atomic_int tries;
    int answered_at; /* which try gets an answer */
};

static struct turns *make(void)
{
    struct error err = {0};
    struct turns *turns = turns_new(&err);

    assert_non_null(turns);
    return turns;
}

static struct turn *begin(struct turns *turns, const char *account, const char *key)
{
    struct error err = {0};
    struct turn *turn = turns_begin(turns, account, key, WAIT_MS, &err);

    assert_non_null(turn);
    return turn;
}

static void the_second_waits_for_the_first(void **state)
{
    struct turns *turns = make();
    struct turn *first = begin(turns, "a", "k");
    struct error err = {0};

    (void)state;
    assert_null(turns_begin(turns, "a", "k", SHORT_MS, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    turns_end(turns, first, false);
    turns_end(turns, begin(turns, "a", "k"), true);
    turns_free(turns);
}

static void others_do_not_wait(void **state)
{
    struct turns *turns = make();
    struct turn *first = begin(turns, "a", "k");
    struct turn *second = begin(turns, "b", "k");
    struct turn *third = begin(turns, "a", "l");

    (void)state;
    turns_end(turns, first, true);
    turns_end(turns, second, false);
    turns_end(turns, third, true);
    turns_free(turns);
}

static void *take_a_turn(void *context)
{
    struct crowd *crowd = context;
    struct turn *turn = begin(crowd->turns, "account", "key");
    int inside = atomic_fetch_add(&crowd->inside, 1) + 1;
    int at = atomic_fetch_add(&crowd->tries, 1) + 1;

    if (at <= crowd->answered_at && inside > atomic_load(&crowd->most_inside))
        atomic_store(&crowd->most_inside, inside);
    atomic_fetch_sub(&crowd->inside, 1);
    turns_end(crowd->turns, turn, at == crowd->answered_at);
    return NULL;
}

static void one_at_a_time_until_there_is_an_answer(void **state)
{
    struct crowd crowd = {.turns = make(), .answered_at = 5};
    pthread_t threads[THREADS];
    struct error err = {0};

    (void)state;
    for (size_t at = 0; at < THREADS; at++)
        assert_true(thread_start(&threads[at], take_a_turn, &crowd, &err));
    for (size_t at = 0; at < THREADS; at++)
        pthread_join(threads[at], NULL);
    assert_int_equal(crowd.tries, THREADS);
    assert_int_equal(crowd.most_inside, 1);
    turns_free(crowd.turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_waits_for_the_first),
        cmocka_unit_test(others_do_not_wait),
        cmocka_unit_test(one_at_a_time_until_there_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
