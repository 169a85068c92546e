/* test_outcome.c - what becomes of a job after a run, and how long it waits for the next one. */
#include "infra/kafka/settings.h"
#include "workers/runtime/joblog.h"
#include "workers/runtime/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <cmocka.h>

static const struct kafka_settings NOWHERE = {"127.0.0.1:1", "nowhere"};
static const struct run_job JOB = {.id = "job_1",
                                   .run = 3,
                                   .failures = 2,
                                   .account = "user_1",
                                   .model = "churn",
                                   .message = "{}",
                                   .traceparent = ""};

struct stage {
    struct joblog *log;
    struct run *run;
};

/* Nothing is logged here, so that Kafka need not be there. */
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

static int with_run(void **state)
{
    static struct stage stage;
    struct error err = {0};

    stage.log = *state;
    stage.run = run_new(&JOB, stage.log, &err);
    *state = &stage;
    return stage.run == NULL;
}

static int free_run(void **state)
{
    struct stage *stage = *state;

    run_free(stage->run);
    return 0;
}

/* A run of its own, so that rows do not stop each other. */
static struct outcome outcome_after(struct stage *stage, enum run_stop stop, bool ok,
                                    enum error_code code)
{
    struct error err = {0};
    struct run *run = run_new(&JOB, stage->log, &err);
    struct outcome outcome;

    assert_non_null(run);
    if (stop != RUN_GOES_ON)
        run_stop(run, stop);
    if (!ok)
        error_set(&err, code, "it failed");
    outcome = outcome_of(run, ok, &err);
    run_free(run);
    return outcome;
}

static void what_becomes_of_a_run_follows_from_how_it_ended(void **state)
{
    static const struct {
        bool ok;
        enum run_stop stop;
        enum error_code code;
        enum outcome_kind kind;
        enum error_code told;
    } ROWS[] = {
        {true, RUN_GOES_ON, ERROR_NONE, OUTCOME_COMPLETED, ERROR_NONE},
        {true, RUN_CANCELLED, ERROR_NONE, OUTCOME_COMPLETED, ERROR_NONE},
        {true, RUN_DRAINED, ERROR_NONE, OUTCOME_COMPLETED, ERROR_NONE},
        {false, RUN_GOES_ON, ERROR_VALIDATION, OUTCOME_FAILED, ERROR_VALIDATION},
        {false, RUN_GOES_ON, ERROR_INTERNAL, OUTCOME_FAILED, ERROR_INTERNAL},
        {false, RUN_GOES_ON, ERROR_NOT_FOUND, OUTCOME_FAILED, ERROR_NOT_FOUND},
        {false, RUN_GOES_ON, ERROR_TIMED_OUT, OUTCOME_FAILED, ERROR_TIMED_OUT},
        {false, RUN_GOES_ON, ERROR_UNAVAILABLE, OUTCOME_RETRY, ERROR_UNAVAILABLE},
        {false, RUN_GOES_ON, ERROR_NO_MEMORY, OUTCOME_RETRY, ERROR_NO_MEMORY},
        {false, RUN_GOES_ON, ERROR_CRASHED, OUTCOME_RETRY, ERROR_CRASHED},
        {false, RUN_CANCELLED, ERROR_CANCELLED, OUTCOME_CANCELLED, ERROR_CANCELLED},
        {false, RUN_CANCELLED, ERROR_CRASHED, OUTCOME_CANCELLED, ERROR_CANCELLED},
        {false, RUN_CANCELLED, ERROR_VALIDATION, OUTCOME_CANCELLED, ERROR_CANCELLED},
        {false, RUN_DRAINED, ERROR_CANCELLED, OUTCOME_BACK, ERROR_NONE},
        {false, RUN_DRAINED, ERROR_CRASHED, OUTCOME_BACK, ERROR_NONE},
    };

    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        struct outcome outcome = outcome_after(*state, ROWS[at].stop, ROWS[at].ok, ROWS[at].code);

        if (outcome.kind != ROWS[at].kind || outcome.err.code != ROWS[at].told)
            fail_msg("row %zu: kind %d, code %s", at, (int)outcome.kind,
                     error_name(outcome.err.code));
    }
}

static void only_what_is_tried_again_waits_and_no_longer_than_its_failures_allow(void **state)
{
    for (int at = 0; at < 100; at++) {
        struct outcome again = outcome_after(*state, RUN_GOES_ON, false, ERROR_CRASHED);

        assert_true(again.wait_s >= 0 && again.wait_s < 4); /* two failures: 1 s x 2^2 */
    }
    assert_true(outcome_after(*state, RUN_DRAINED, false, ERROR_CRASHED).wait_s == 0);
    assert_true(outcome_after(*state, RUN_GOES_ON, false, ERROR_INTERNAL).wait_s == 0);
}

static void the_wait_doubles_up_to_a_minute(void **state)
{
    static const struct {
        int failures;
        double longest_s;
    } ROWS[] = {{0, 1},  {1, 2},  {2, 4},  {3, 8},    {4, 16},
                {5, 32}, {6, 60}, {7, 60}, {100, 60}, {1000000000, 60}};

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        assert_true(outcome_backoff_s(ROWS[at].failures, 0) == 0);
        assert_true(outcome_backoff_s(ROWS[at].failures, 0.5) == ROWS[at].longest_s / 2);
        assert_true(outcome_backoff_s(ROWS[at].failures, 0.999) < ROWS[at].longest_s);
    }
}

/* The item as the database gets it. */
static json_t *item_of(const struct outcome *outcome, const struct run *run, int lines)
{
    struct buffer text = {0};
    json_error_t mistake;
    json_t *item;

    outcome_encode(outcome, run, lines, &text);
    item = json_loads(text.data, JSON_REJECT_DUPLICATES, &mistake);
    if (item == NULL)
        fail_msg("%s: %s", text.data, mistake.text);
    buffer_clear(&text);
    return item;
}

static const char *text_of(const json_t *item, const char *name)
{
    return json_string_value(json_object_get(item, name));
}

static void a_failure_is_encoded_with_code_and_message_whatever_it_holds(void **state)
{
    struct stage *stage = *state;
    struct outcome outcome = {.kind = OUTCOME_RETRY, .wait_s = 1.5};
    json_t *item;

    error_set(&outcome.err, ERROR_CRASHED, "it said \"no\"\tand \xff");
    run_set_result_take(stage->run, strdup("{\"a\":1}"));
    item = item_of(&outcome, stage->run, 7);
    assert_string_equal(text_of(item, "id"), "job_1");
    assert_int_equal(json_integer_value(json_object_get(item, "run")), 3);
    assert_string_equal(text_of(item, "outcome"), "retry");
    assert_true(json_real_value(json_object_get(item, "wait_s")) == 1.5);
    assert_int_equal(json_integer_value(json_object_get(item, "lines")), 7);
    assert_string_equal(text_of(item, "code"), "crashed");
    assert_string_equal(text_of(item, "message"), "it said \"no\"\tand \xef\xbf\xbd");
    assert_null(json_object_get(item, "result")); /* of a run that failed nothing is kept */
    json_decref(item);
}

static void a_success_is_encoded_with_what_the_run_made(void **state)
{
    struct stage *stage = *state;
    struct outcome outcome = {.kind = OUTCOME_COMPLETED};
    json_t *item = item_of(&outcome, stage->run, 0);

    assert_null(json_object_get(item, "result"));
    assert_null(json_object_get(item, "version"));
    assert_null(json_object_get(item, "code"));
    json_decref(item);
    run_set_result_take(stage->run, strdup("{\"a\":1}"));
    run_set_version_take(stage->run, strdup("{\"digest\":\"d\"}"));
    item = item_of(&outcome, stage->run, 0);
    assert_string_equal(text_of(item, "outcome"), "completed");
    assert_string_equal(text_of(json_object_get(item, "version"), "digest"), "d");
    assert_true(json_is_object(json_object_get(item, "result")));
    json_decref(item);
}

static void every_kind_has_its_word(void **state)
{
    static const char *const WORDS[] = {"completed", "failed", "retry", "cancelled", "back"};
    struct stage *stage = *state;

    for (int kind = OUTCOME_COMPLETED; kind <= OUTCOME_BACK; kind++) {
        struct outcome outcome = {.kind = (enum outcome_kind)kind};
        json_t *item = item_of(&outcome, stage->run, -1);

        assert_string_equal(text_of(item, "outcome"), WORDS[kind]);
        json_decref(item);
    }
}

#define on_a_run(test) cmocka_unit_test_setup_teardown(test, with_run, free_run)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_a_run(what_becomes_of_a_run_follows_from_how_it_ended),
        on_a_run(only_what_is_tried_again_waits_and_no_longer_than_its_failures_allow),
        cmocka_unit_test(the_wait_doubles_up_to_a_minute),
        on_a_run(a_failure_is_encoded_with_code_and_message_whatever_it_holds),
        on_a_run(a_success_is_encoded_with_what_the_run_made),
        on_a_run(every_kind_has_its_word),
    };

    return cmocka_run_group_tests_name("outcome", tests, open_log, free_log);
}
