/* test_key_limits.c - the token bucket of a key, its counts, and addresses that fail too often. */
#include "api/failed_keys.h"
#include "api/key_meter.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND_US = 1000000, NOW_US = 5000000 };

static void a_bucket_holds_a_minute(void **state)
{
    struct key_meter meter = {0};

    (void)state;
    for (int at = 0; at < 100; at++)
        assert_int_equal(key_meter_take(&meter, 100, NOW_US), 0);
    assert_int_equal(key_meter_take(&meter, 100, NOW_US), 600000);
    assert_int_equal(key_meter_take(&meter, 100, NOW_US), 600000); /* refusing takes nothing */
}

static void a_bucket_fills_at_its_rate(void **state)
{
    struct key_meter meter = {0};
    int taken = 0;

    (void)state;
    for (int at = 0; at < 500; at++)
        assert_int_equal(key_meter_take(&meter, 500, NOW_US), 0);
    for (int64_t now_us = NOW_US; now_us <= NOW_US + 30LL * SECOND_US; now_us += 1000)
        taken += key_meter_take(&meter, 500, now_us) == 0;
    assert_int_equal(taken, 250);
    taken = 0;
    for (int at = 0; at < 1000; at++) /* an hour later it is full, and no fuller */
        taken += key_meter_take(&meter, 500, NOW_US + 3600LL * SECOND_US) == 0;
    assert_int_equal(taken, 500);
}

static void a_change_of_plan_needs_no_new_bucket(void **state)
{
    struct key_meter meter = {0};
    int taken = 0;

    (void)state;
    while (key_meter_take(&meter, 100, NOW_US) == 0)
        continue;
    for (int at = 0; at < 1000; at++)
        taken += key_meter_take(&meter, 500, NOW_US + 60LL * SECOND_US) == 0;
    assert_int_equal(taken, 500);
}

static void *take_all(void *context)
{
    int taken = 0;

    for (int at = 0; at < 10000; at++) {
        taken += key_meter_take(context, 500, NOW_US) == 0;
        key_meter_count(context, 1, at % 2);
    }
    return (void *)(intptr_t)taken;
}

static void threads_share_a_bucket(void **state)
{
    struct key_meter meter = {0};
    pthread_t threads[8];
    int64_t requests;
    int64_t predictions;
    intptr_t taken = 0;

    (void)state;
    for (int at = 0; at < 8; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, take_all, &meter), 0);
    for (int at = 0; at < 8; at++) {
        void *result;

        pthread_join(threads[at], &result);
        taken += (intptr_t)result;
    }
    assert_int_equal(taken, 500);
    key_meter_collect(&meter, &requests, &predictions);
    assert_int_equal(requests, 80000);
    assert_int_equal(predictions, 40000);
    key_meter_collect(&meter, &requests, &predictions);
    assert_int_equal(requests + predictions, 0);
}

/* Failed keys -----------------------------------------------------------------------------------*/

enum { MOST = 10, START_MS = 1000, PERIOD_MS = FAILED_KEYS_PERIOD_S * 1000 };

static const struct sockaddr *address(const char *text)
{
    static struct sockaddr_in6 six;
    static struct sockaddr_in four;

    six = (struct sockaddr_in6){.sin6_family = AF_INET6};
    four = (struct sockaddr_in){.sin_family = AF_INET};
    if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
        return (const struct sockaddr *)&six;
    assert_int_equal(inet_pton(AF_INET, text, &four.sin_addr), 1);
    return (const struct sockaddr *)&four;
}

static void fail_times(struct failed_keys *failed, const char *text, int times)
{
    while (times-- > 0)
        failed_keys_note(failed, address(text), START_MS);
}

static int waits(struct failed_keys *failed, const char *text, int64_t now_ms)
{
    return failed_keys_wait_s(failed, address(text), now_ms);
}

static void an_address_that_fails_too_often_waits(void **state)
{
    struct error err = {0};
    struct failed_keys *failed = failed_keys_new(MOST, &err);

    (void)state;
    fail_times(failed, "192.0.2.1", MOST - 1);
    assert_int_equal(waits(failed, "192.0.2.1", START_MS), 0);
    fail_times(failed, "192.0.2.1", 1);
    assert_int_equal(waits(failed, "192.0.2.1", START_MS), FAILED_KEYS_PERIOD_S);
    assert_int_equal(waits(failed, "192.0.2.1", START_MS + PERIOD_MS - 1), 1);
    assert_int_equal(waits(failed, "192.0.2.1", START_MS + PERIOD_MS), 0);
    assert_int_equal(waits(failed, "192.0.2.2", START_MS), 0);
    failed_keys_free(failed);
}

static void of_ipv6_the_network_counts(void **state)
{
    struct error err = {0};
    struct failed_keys *failed = failed_keys_new(MOST, &err);

    (void)state;
    fail_times(failed, "2001:db8:1:2::1", MOST / 2);
    fail_times(failed, "2001:db8:1:2:ffff::9", MOST / 2);
    assert_true(waits(failed, "2001:db8:1:2::77", START_MS) > 0);
    assert_int_equal(waits(failed, "2001:db8:1:3::1", START_MS), 0);
    fail_times(failed, "::ffff:192.0.2.1", MOST);
    assert_true(waits(failed, "192.0.2.1", START_MS) > 0);
    failed_keys_free(failed);
}

static void the_newest_failures_are_kept_of_too_many(void **state)
{
    struct error err = {0};
    struct failed_keys *failed = failed_keys_new(1, &err);
    char text[32];
    int kept = 0;

    (void)state;
    for (int at = 0; at < 100000; at++) {
        snprintf(text, sizeof text, "10.%d.%d.%d", at / 65536, at / 256 % 256, at % 256);
        failed_keys_note(failed, address(text), START_MS + at);
    }
    for (int at = 0; at < 100000; at++) {
        snprintf(text, sizeof text, "10.%d.%d.%d", at / 65536, at / 256 % 256, at % 256);
        kept += waits(failed, text, START_MS + 100000) > 0;
    }
    assert_in_range(kept, 3000, 4096);
    assert_true(waits(failed, text, START_MS + 100000) > 0);
    failed_keys_free(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_holds_a_minute),
        cmocka_unit_test(a_bucket_fills_at_its_rate),
        cmocka_unit_test(a_change_of_plan_needs_no_new_bucket),
        cmocka_unit_test(threads_share_a_bucket),
        cmocka_unit_test(an_address_that_fails_too_often_waits),
        cmocka_unit_test(of_ipv6_the_network_counts),
        cmocka_unit_test(the_newest_failures_are_kept_of_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
