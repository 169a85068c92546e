/* test_runs.c - the runs of a process are stopped, found lost, and asked how far they are. */
#include "infra/kafka/settings.h"
#include "workers/runtime/joblog.h"
#include "workers/runtime/runs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <cmocka.h>

enum { RUNS = 4 };

static const struct kafka_settings NOWHERE = {"127.0.0.1:1", "nowhere"};

struct stage {
    struct joblog *log;
    struct runs *runs;
    struct run *run[RUNS]; /* job_0 run 1, job_1 run 2 ...; the last one is not added */
};

/* What is logged here goes nowhere. */
static int open_log(void **state)
{
    struct error err = {0};

    *state = joblog_new(NULL, &NOWHERE, &err);
    return *state == NULL;
}

static int free_log(void **state)
{
    joblog_free(*state);
    return 0;
}

static int with_runs(void **state)
{
    static struct stage stage;
    struct error err = {0};
    char id[16];

    stage.log = *state;
    *state = &stage;
    stage.runs = runs_new(&err);
    if (stage.runs == NULL)
        return 1;
    for (int at = 0; at < RUNS; at++) {
        struct run_job job = {.id = id,
                              .run = at + 1,
                              .account = "user_1",
                              .model = "churn",
                              .message = "{}",
                              .traceparent = ""};

        snprintf(id, sizeof id, "job_%d", at);
        stage.run[at] = run_new(&job, stage.log, &err);
        if (stage.run[at] == NULL || (at < RUNS - 1 && !runs_add(stage.runs, stage.run[at], &err)))
            return 1;
    }
    return 0;
}

static int free_runs(void **state)
{
    struct stage *stage = *state;

    runs_free(stage->runs);
    for (int at = 0; at < RUNS; at++)
        run_free(stage->run[at]);
    return 0;
}

static void assert_reasons(struct stage *stage, const enum run_stop reasons[static RUNS])
{
    for (int at = 0; at < RUNS; at++)
        assert_int_equal(run_stop_reason(stage->run[at]), reasons[at]);
}

static void a_reason_to_stop_reaches_only_the_run_that_was_meant(void **state)
{
    struct stage *stage = *state;

    runs_stop(stage->runs, "job_1", 2, RUN_CANCELLED);
    runs_stop(stage->runs, "job_0", 7, RUN_CANCELLED);  /* another run of the job */
    runs_stop(stage->runs, "job_99", 1, RUN_CANCELLED); /* nobody knows it */
    assert_reasons(stage, (enum run_stop[]){RUN_GOES_ON, RUN_CANCELLED, RUN_GOES_ON, RUN_GOES_ON});
}

static void the_first_reason_stays_unless_the_lease_is_lost(void **state)
{
    struct stage *stage = *state;

    runs_stop(stage->runs, "job_0", 1, RUN_DRAINED);
    runs_stop(stage->runs, "job_0", 1, RUN_CANCELLED);
    runs_stop(stage->runs, "job_1", 2, RUN_CANCELLED);
    runs_stop(stage->runs, "job_1", 2, RUN_LOST);
    runs_stop(stage->runs, "job_1", 2, RUN_DRAINED);
    assert_reasons(stage, (enum run_stop[]){RUN_DRAINED, RUN_LOST, RUN_GOES_ON, RUN_GOES_ON});
}

static void what_was_not_confirmed_is_lost(void **state)
{
    struct stage *stage = *state;

    runs_mark(stage->runs);
    runs_confirm(stage->runs, "job_0", 1);
    runs_confirm(stage->runs, "job_2", 99); /* its lease is another run's */
    assert_int_equal(runs_stop_marked(stage->runs, RUN_LOST), 2);
    assert_reasons(stage, (enum run_stop[]){RUN_GOES_ON, RUN_LOST, RUN_LOST, RUN_GOES_ON});
}

static void runs_added_after_the_mark_are_left_alone(void **state)
{
    struct stage *stage = *state;
    struct error err = {0};

    runs_mark(stage->runs);
    assert_true(runs_add(stage->runs, stage->run[RUNS - 1], &err));
    assert_int_equal(runs_stop_marked(stage->runs, RUN_LOST), 3);
    assert_reasons(stage, (enum run_stop[]){RUN_LOST, RUN_LOST, RUN_LOST, RUN_GOES_ON});
}

static void without_a_mark_nothing_is_lost(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(runs_stop_marked(stage->runs, RUN_LOST), 0);
    runs_mark(stage->runs);
    for (int at = 0; at < RUNS; at++) {
        char id[16];

        snprintf(id, sizeof id, "job_%d", at);
        runs_confirm(stage->runs, id, at + 1);
    }
    assert_int_equal(runs_stop_marked(stage->runs, RUN_LOST), 0);
}

static void what_was_removed_is_not_reached_any_more(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(runs_count(stage->runs), 3);
    runs_remove(stage->runs, stage->run[1]);
    runs_remove(stage->runs, stage->run[1]);
    runs_remove(stage->runs, stage->run[RUNS - 1]); /* was never there */
    assert_int_equal(runs_count(stage->runs), 2);
    runs_stop_all(stage->runs, RUN_DRAINED);
    assert_reasons(stage, (enum run_stop[]){RUN_DRAINED, RUN_GOES_ON, RUN_DRAINED, RUN_GOES_ON});
}

/* The items that runs_progress() writes, at most once each. */
static json_t *progress_of(struct stage *stage, size_t wanted)
{
    struct buffer items = {0};
    json_error_t mistake;
    json_t *json;

    assert_int_equal(runs_progress(stage->runs, &items), wanted);
    json = json_loads(items.data, 0, &mistake);
    if (json == NULL)
        fail_msg("%s: %s", items.data, mistake.text);
    assert_int_equal(json_array_size(json), wanted);
    buffer_clear(&items);
    return json;
}

static void progress_is_told_once_and_only_by_runs_that_have_some(void **state)
{
    struct stage *stage = *state;
    json_t *items = progress_of(stage, 0);
    const json_t *item;

    json_decref(items);
    run_progress(stage->run[1], 40, "the \"search\"");
    items = progress_of(stage, 1);
    item = json_array_get(items, 0);
    assert_string_equal(json_string_value(json_object_get(item, "id")), "job_1");
    assert_int_equal(json_integer_value(json_object_get(item, "run")), 2);
    assert_int_equal(json_integer_value(json_object_get(item, "progress")), 40);
    assert_string_equal(json_string_value(json_object_get(item, "stage")), "the \"search\"");
    json_decref(items);
    json_decref(progress_of(stage, 0));
    run_progress(stage->run[0], 10, "read");
    run_progress(stage->run[2], 20, "read");
    json_decref(progress_of(stage, 2));
}

#define on_runs(test) cmocka_unit_test_setup_teardown(test, with_runs, free_runs)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_runs(a_reason_to_stop_reaches_only_the_run_that_was_meant),
        on_runs(the_first_reason_stays_unless_the_lease_is_lost),
        on_runs(what_was_not_confirmed_is_lost),
        on_runs(runs_added_after_the_mark_are_left_alone),
        on_runs(without_a_mark_nothing_is_lost),
        on_runs(what_was_removed_is_not_reached_any_more),
        on_runs(progress_is_told_once_and_only_by_runs_that_have_some),
    };

    return cmocka_run_group_tests_name("runs", tests, open_log, free_log);
}
