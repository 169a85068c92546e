/* test_base_ids.c - ids, times, digests and secrets. */
#include "infra/base/clock.h"
#include "infra/base/digest.h"
#include "infra/base/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void an_id_is_its_prefix_and_twenty_characters(void **state)
{
    struct id id = id_new("job");

    (void)state;
    assert_int_equal(strlen(id.text), 24);
    assert_memory_equal(id.text, "job_", 4);
    assert_true(id_is(id.text, "job"));
    assert_false(id_is(id.text, "jo"));
    assert_false(id_is(id.text, "ver"));
}

static void what_only_looks_like_an_id_is_none(void **state)
{
    static const char *const TEXTS[] = {"",
                                        "job",
                                        "job_",
                                        "job_0123456789abcdefghj",
                                        "job_0123456789abcdefghjkm",
                                        "job_0123456789ABCDEFGHJK",
                                        "job_0123456789abcdefghjl",
                                        "job_0123456789abcdefgh/."};

    (void)state;
    for (size_t at = 0; at < sizeof TEXTS / sizeof *TEXTS; at++)
        assert_false(id_is(TEXTS[at], "job"));
    assert_true(id_is("job_0123456789abcdefghjk", "job"));
}

static void ids_are_distinct_and_sort_by_time(void **state)
{
    enum { COUNT = 10000 };
    struct id last = id_new("job");

    (void)state;
    for (int at = 0; at < COUNT; at++) {
        struct id next = id_new("job");

        assert_string_not_equal(next.text, last.text);
        assert_true(strncmp(next.text, last.text, 14) >= 0); /* the half that is the time */
        last = next;
    }
}

static void times_are_written_in_utc_with_milliseconds(void **state)
{
    char text[CLOCK_TEXT_BYTES];

    (void)state;
    assert_string_equal(clock_text(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_text(1686816945123, text), "2023-06-15T08:15:45.123Z");
    assert_string_equal(clock_text(253402300799999, text), "9999-12-31T23:59:59.999Z");
}

static void a_deadline_lies_as_far_ahead_as_was_asked(void **state)
{
    int64_t before = clock_monotonic_ms();
    struct timespec at = clock_deadline(1500);
    int64_t deadline = (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;

    (void)state;
    assert_true(at.tv_nsec >= 0 && at.tv_nsec < 1000000000);
    assert_in_range(deadline, before + 1500, clock_monotonic_ms() + 1501);
    at = clock_deadline(-5); /* long past is now */
    assert_true((int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000 >= before);
}

/* FIPS 180-4 and RFC 4231. */
static void digests_are_those_of_the_standards(void **state)
{
    char hex[DIGEST_BYTES];
    struct digest digest;

    (void)state;
    digest_of("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_of("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_init(&digest);
    digest_add(&digest, "a", 1);
    digest_add(&digest, "bc", 2);
    digest_end(&digest, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_hmac("Jefe", "what do ya want for nothing?", 28, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void the_digest_of_a_file_is_that_of_its_content(void **state)
{
    char path[] = "/tmp/trainyard_test_XXXXXX";
    int file = mkstemp(path);
    char hex[DIGEST_BYTES];
    size_t size;
    struct error err = {0};

    (void)state;
    assert_int_equal(write(file, "abc", 3), 3);
    close(file);
    assert_true(digest_file(path, hex, &size, &err));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(size, 3);
    unlink(path);
    assert_false(digest_file(path, hex, NULL, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

static void digests_are_told_from_other_texts(void **state)
{
    char hex[DIGEST_BYTES];

    (void)state;
    digest_of("abc", 3, hex);
    assert_true(digest_is(hex));
    assert_true(digest_equal(hex, hex));
    hex[0] = 'B';
    assert_false(digest_is(hex));
    assert_false(digest_is("abc"));
    assert_false(digest_is(""));
    assert_false(digest_equal("abc", "abd"));
    assert_false(digest_equal("abc", "ab"));
}

static void random_texts_have_their_length_and_no_two_are_equal(void **state)
{
    char one[33];
    char two[33];

    (void)state;
    random_text(one, 32);
    random_text(two, 32);
    assert_int_equal(strlen(one), 32);
    assert_int_equal(strspn(one, "0123456789abcdefghijklmnopqrstuvwxyz"), 32);
    assert_string_not_equal(one, two);
    for (int at = 0; at < 1000; at++) {
        double number = random_unit();

        assert_true(number >= 0 && number < 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_its_prefix_and_twenty_characters),
        cmocka_unit_test(what_only_looks_like_an_id_is_none),
        cmocka_unit_test(ids_are_distinct_and_sort_by_time),
        cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
        cmocka_unit_test(a_deadline_lies_as_far_ahead_as_was_asked),
        cmocka_unit_test(digests_are_those_of_the_standards),
        cmocka_unit_test(the_digest_of_a_file_is_that_of_its_content),
        cmocka_unit_test(digests_are_told_from_other_texts),
        cmocka_unit_test(random_texts_have_their_length_and_no_two_are_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
