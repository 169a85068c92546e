/* test_job_hub.c - who waits for a job is woken when it ends, and holds nothing meanwhile. */
#include "api/job_hub.h"
#include "infra/base/clock.h"
#include "infra/base/thread.h"
#include "tests/integration/support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WAIT_MS = 20000, CROWD = 300, SHORT_MS = 200 };

struct fixture {
    struct support s;
    struct job_hub *hub;
};

static int with_hub(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};

    support_init(&f->s);
    assert_non_null(f->hub = job_hub_new(f->s.pool, &err));
    *state = f;
    return 0;
}

static int without_hub(void **state)
{
    struct fixture *f = *state;

    job_hub_free(f->hub);
    support_clear(&f->s);
    free(f);
    return 0;
}

struct waiting {
    struct job_hub *hub;
    char job[32];
    pthread_t thread;
    bool ended;
    int64_t took_ms;
};

static void *wait_for_it(void *context)
{
    struct waiting *waiting = context;
    int64_t start_ms = clock_monotonic_ms();

    waiting->ended = job_hub_wait(waiting->hub, waiting->job, WAIT_MS);
    waiting->took_ms = clock_monotonic_ms() - start_ms;
    return NULL;
}

static void begin(struct fixture *f, struct waiting *waiting, const char *job)
{
    struct error err = {0};

    *waiting = (struct waiting){.hub = f->hub};
    snprintf(waiting->job, sizeof waiting->job, "%s", job);
    assert_true(thread_start(&waiting->thread, wait_for_it, waiting, &err));
}

static void cancel(struct fixture *f, const char *job)
{
    struct error err = {0};

    assert_true(pg_exec(f->s.db, "select cancel_job($1, $2)", PG_VALUES(job, f->s.account), &err));
}

static void the_end_wakes_all_who_wait_for_it(void **state)
{
    static struct waiting crowd[CROWD];
    struct fixture *f = *state;
    char job[32];

    for (int at = 0; at < 10; at++) {
        snprintf(job, sizeof job, "job_crowd_%d", at);
        support_insert_job(&f->s, job, NULL);
    }
    for (int at = 0; at < CROWD; at++) {
        snprintf(job, sizeof job, "job_crowd_%d", at % 10);
        begin(f, &crowd[at], job);
    }
    for (int at = 0; at < 10; at++) {
        snprintf(job, sizeof job, "job_crowd_%d", at);
        cancel(f, job);
    }
    for (int at = 0; at < CROWD; at++) {
        pthread_join(crowd[at].thread, NULL);
        assert_true(crowd[at].ended);
        assert_true(crowd[at].took_ms < WAIT_MS / 2);
    }
}

static void the_time_is_over_for_a_job_that_goes_on(void **state)
{
    struct fixture *f = *state;
    int64_t start_ms = clock_monotonic_ms();

    support_insert_job(&f->s, "job_long", NULL);
    assert_false(job_hub_wait(f->hub, "job_long", SHORT_MS));
    assert_true(clock_monotonic_ms() - start_ms >= SHORT_MS);
    assert_false(job_hub_wait(f->hub, "job_long", 0));
}

static void a_job_that_is_not_there_has_ended(void **state)
{
    struct fixture *f = *state;

    assert_true(job_hub_wait(f->hub, "job_none", WAIT_MS));
}

static void the_end_of_the_hub_wakes_all(void **state)
{
    struct fixture *f = *state;
    struct waiting waiting;
    struct error err = {0};
    struct job_hub *hub = f->hub;

    support_insert_job(&f->s, "job_left", NULL);
    begin(f, &waiting, "job_left");
    job_hub_stop(hub);
    pthread_join(waiting.thread, NULL);
    assert_false(waiting.ended);
    assert_true(waiting.took_ms < WAIT_MS / 2);
    assert_false(job_hub_wait(hub, "job_left", WAIT_MS));
    job_hub_free(hub);
    assert_non_null(f->hub = job_hub_new(f->s.pool, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_wakes_all_who_wait_for_it),
        cmocka_unit_test(the_time_is_over_for_a_job_that_goes_on),
        cmocka_unit_test(a_job_that_is_not_there_has_ended),
        cmocka_unit_test(the_end_of_the_hub_wakes_all),
    };

    return cmocka_run_group_tests_name("job_hub", tests, with_hub, without_hub);
}
