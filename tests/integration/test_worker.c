/*
 * test_worker.c - the runtime with handlers that do nothing, wait or fail, against a real Kafka and
 * PostgreSQL: each accepted job ends once, whatever happens around it.
 */
#include "infra/base/clock.h"
#include "infra/base/ids.h"
#include "infra/kafka/producer.h"
#include "infra/metrics/metrics.h"
#include "infra/relay/publisher.h"
#include "schemas/fields.h"
#include "tests/integration/support.h"
#include "workers/runtime/worker.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char STATUS[] = "select status from jobs where id = $1";
static const char RUN[] = "select run from jobs where id = $1";
static const char LEFT[] = "select count(*) from jobs where status <> 'COMPLETED'";
static const char OUTBOX[] = "select count(*) from outbox";
static const char EVENTS[] = "select count(*) from events_outbox";
static const char LINES[] =
    "select count(*) || ' ' || min(seq) || ' ' || max(seq) from log_lines where job_id = $1";

/* What a test's handler does, and how often it was called. */
struct act {
    atomic_int runs;
    atomic_bool go_on;       /* lets waiting runs end */
    enum error_code failure; /* ERROR_NONE: it succeeds */
    int fail_runs;           /* that many runs fail */
    int lines;               /* of log that each run writes */
    bool waits;              /* until go_on, or told to stop */
};

struct stage {
    struct support support;
    struct act act;
    struct handler handler;
    struct runtime_options options;
    struct metrics *metrics;
    struct worker *worker;
    struct publisher *publisher;
    struct id instance;
    const char *pool;
};

static bool decode(const char *message, size_t length, struct job_head *head, struct error *err)
{
    json_t *json = json_parse(message, length, err);
    struct fields fields = {.object = json};
    const char *id = json == NULL ? NULL : fields_text(&fields, "job_id", REQUIRED, HEAD_BYTES - 1);
    const char *account =
        json == NULL ? NULL : fields_text(&fields, "account", REQUIRED, HEAD_BYTES - 1);
    bool ok = json != NULL && fields_end_lenient(&fields, err);

    if (ok) {
        strcpy(head->job_id, id);
        strcpy(head->account, account);
    }
    fields_clear(&fields);
    json_decref(json);
    return ok;
}

static bool perform(struct run *run, void *context, struct error *err)
{
    static const struct timespec PAUSE = {.tv_nsec = 10000000};
    struct act *act = context;
    int number = atomic_fetch_add(&act->runs, 1);

    for (int at = 0; at < act->lines; at++)
        run_log(run, "INFO", "line %d", at);
    while (act->waits && !atomic_load(&act->go_on) && run_stop_reason(run) == RUN_GOES_ON)
        nanosleep(&PAUSE, NULL);
    if (run_stop_reason(run) != RUN_GOES_ON)
        return error_set(err, ERROR_CANCELLED, "stopped");
    if (number < act->fail_runs)
        return error_set(err, act->failure, "on purpose");
    return true;
}

static void start_worker(struct stage *stage)
{
    struct error err = {0};

    stage->worker =
        worker_new(&stage->options, stage->support.pool, &stage->handler, 1, stage->metrics, &err);
    if (stage->worker == NULL)
        fail_msg("%s: %s", err.message, err.detail);
}

static int with_worker(void **state)
{
    static struct stage stage;
    struct error err = {0};

    memset(&stage, 0, sizeof stage);
    support_init_with_topics(&stage.support);
    stage.metrics = metrics_new(&err);
    stage.handler = (struct handler){
        .pool = "predict", .decode = decode, .run = perform, .context = &stage.act};
    stage.instance = id_new("wrk");
    stage.pool = "predict";
    stage.options = runtime_options_default();
    stage.options.database_url = stage.support.url;
    stage.options.kafka = stage.support.kafka;
    stage.options.instance_id = stage.instance.text;
    stage.options.pools = &stage.pool;
    stage.options.pools_count = 1;
    stage.options.slots = 4;
    stage.options.lease_s = 3; /* so that a test sees a lease run out */
    stage.options.renew_ms = 500;
    stage.options.cancel_ms = 100;
    stage.publisher = publisher_new(stage.support.pool, &stage.support.kafka, stage.metrics, &err);
    assert_non_null(stage.publisher);
    start_worker(&stage);
    *state = &stage;
    return 0;
}

static int stop_worker(void **state)
{
    struct stage *stage = *state;

    atomic_store(&stage->act.go_on, true);
    worker_stop(stage->worker, 5000);
    publisher_free(stage->publisher);
    metrics_free(stage->metrics);
    support_clear(&stage->support);
    return 0;
}

/* Accepts jobs as the API does: in one transaction with their messages, published by the sweep. */
static void accept(struct stage *stage, int count)
{
    static const char TAKE_AT_ONCE[] =
        "update outbox set taken_until = clock_timestamp() returning 1";
    char id[32];

    for (int at = 0; at < count; at++) {
        snprintf(id, sizeof id, "job_%d", at);
        support_insert_job(&stage->support, id, NULL);
    }
    support_text(&stage->support, TAKE_AT_ONCE, PG_NONE);
}

static void wait_for_status(struct stage *stage, const char *id, const char *status)
{
    support_wait_for(&stage->support, STATUS, PG_VALUES(id), status, 30);
}

static void accepted_jobs_end_and_their_messages_and_events_leave(void **state)
{
    struct stage *stage = *state;

    accept(stage, 200);
    support_wait_for(&stage->support, LEFT, PG_NONE, "0", 30);
    assert_int_equal(atomic_load(&stage->act.runs), 200);
    support_wait_for(&stage->support, OUTBOX, PG_NONE, "0", 60);
    support_wait_for(&stage->support, EVENTS, PG_NONE, "0", 60);
}

static void a_message_delivered_twice_has_one_effect(void **state)
{
    static const struct producer_tuning TUNING = {.delivery_timeout_ms = 30000,
                                                  .queue_messages = 100};
    struct stage *stage = *state;
    struct error err = {0};
    struct producer *producer = producer_new(&stage->support.kafka, &TUNING, NULL, NULL, &err);
    char message[128];

    assert_non_null(producer);
    accept(stage, 1);
    snprintf(message, sizeof message, "{\"job_id\":\"job_0\",\"account\":\"%s\"}",
             stage->support.account);
    for (int at = 0; at < 5; at++)
        assert_true(producer_send(producer,
                                  &(struct kafka_message){.topic = "jobs.predict",
                                                          .key = "job_0",
                                                          .value = message,
                                                          .length = strlen(message)},
                                  0, &err));
    assert_true(producer_flush(producer, 30000));
    producer_free(producer);
    wait_for_status(stage, "job_0", "COMPLETED");
    /* a marker behind the five: when it is done, they have been looked at */
    support_insert_job(&stage->support, "job_marker", NULL);
    wait_for_status(stage, "job_marker", "COMPLETED");
    assert_int_equal(atomic_load(&stage->act.runs), 2);
    assert_string_equal(support_text(&stage->support, RUN, PG_VALUES("job_0")), "1");
}

static void a_message_that_cannot_be_read_goes_to_the_dead_letters(void **state)
{
    static const struct producer_tuning TUNING = {.delivery_timeout_ms = 30000,
                                                  .queue_messages = 100};
    static const char *const BROKEN[] = {"", "not json", "{\"job_id\":1}", "\xff\xfe\x00"};
    struct stage *stage = *state;
    struct error err = {0};
    struct producer *producer = producer_new(&stage->support.kafka, &TUNING, NULL, NULL, &err);

    for (size_t at = 0; at < 4; at++)
        assert_true(producer_send(producer,
                                  &(struct kafka_message){.topic = "jobs.predict",
                                                          .key = "x",
                                                          .value = BROKEN[at],
                                                          .length = strlen(BROKEN[at])},
                                  0, &err));
    assert_true(producer_flush(producer, 30000));
    producer_free(producer);
    /* inserted and perhaps swept already: the ids tell how many there were */
    support_wait_for(&stage->support, "select last_value from outbox_id_seq where is_called",
                     PG_NONE, "4", 30);
    accept(stage, 1);
    wait_for_status(stage, "job_0", "COMPLETED");
}

static void a_passing_failure_is_tried_again(void **state)
{
    struct stage *stage = *state;

    stage->act.failure = ERROR_UNAVAILABLE;
    stage->act.fail_runs = 2;
    accept(stage, 1);
    wait_for_status(stage, "job_0", "COMPLETED");
    assert_string_equal(support_text(&stage->support, RUN, PG_VALUES("job_0")), "3");
}

static void a_lasting_failure_is_not(void **state)
{
    struct stage *stage = *state;

    stage->act.failure = ERROR_VALIDATION;
    stage->act.fail_runs = 1;
    accept(stage, 1);
    wait_for_status(stage, "job_0", "FAILED");
    assert_int_equal(atomic_load(&stage->act.runs), 1);
    assert_string_equal(support_text(&stage->support,
                                     "select error_code || ': ' || error_message from jobs",
                                     PG_NONE),
                        "validation_error: on purpose");
}

static void a_running_job_is_cancelled(void **state)
{
    struct stage *stage = *state;

    stage->act.waits = true;
    accept(stage, 1);
    wait_for_status(stage, "job_0", "RUNNING");
    support_text(&stage->support, "select cancel_job('job_0', $1)",
                 PG_VALUES(stage->support.account));
    wait_for_status(stage, "job_0", "CANCELLED");
}

static void a_drained_worker_hands_back_and_another_goes_on(void **state)
{
    struct stage *stage = *state;

    stage->act.waits = true;
    accept(stage, 1);
    wait_for_status(stage, "job_0", "RUNNING");
    worker_stop(stage->worker, 0);
    stage->worker = NULL;
    assert_string_equal(support_text(&stage->support, STATUS, PG_VALUES("job_0")), "RETRYING");
    assert_int_equal(support_int(&stage->support, "select failures from jobs", PG_NONE), 0);
    atomic_store(&stage->act.go_on, true);
    start_worker(stage);
    wait_for_status(stage, "job_0", "COMPLETED");
}

static void the_job_of_a_dead_owner_runs_again(void **state)
{
    static const char STEAL[] =
        "with l as (insert into leases values ('job_0', 1, $1, 'predict', null, 'wrk_dead',"
        " clock_timestamp() + interval '3 s'))"
        "update jobs set status = 'RUNNING', run = 1, revision = 2 where id = 'job_0' returning 1";
    struct stage *stage = *state;
    struct error err = {0};

    assert_true(pg_begin(stage->support.db, &err));
    support_insert_job(&stage->support, "job_0", NULL);
    support_text(&stage->support, STEAL, PG_VALUES(stage->support.account));
    assert_true(pg_commit(stage->support.db, &err));
    wait_for_status(stage, "job_0", "COMPLETED");
    assert_string_equal(support_text(&stage->support, RUN, PG_VALUES("job_0")), "2");
}

static void a_row_of_a_dead_process_is_published(void **state)
{
    struct stage *stage = *state;

    support_insert_job(&stage->support, "job_0", NULL); /* committed, never sent */
    support_text(&stage->support,
                 "update outbox set taken_until = clock_timestamp() + interval '2 s' returning 1",
                 PG_NONE);
    support_wait_for(&stage->support, OUTBOX, PG_NONE, "0", 30);
    wait_for_status(stage, "job_0", "COMPLETED");
}

static void a_finished_runs_lines_are_counted_and_without_a_gap(void **state)
{
    struct stage *stage = *state;

    stage->act.lines = 50;
    accept(stage, 1);
    wait_for_status(stage, "job_0", "COMPLETED");
    assert_int_equal(support_int(&stage->support, "select log_lines from jobs", PG_NONE), 50);
}

static void with_kafka_away_jobs_run_and_their_lines_are_kept(void **state)
{
    struct stage *stage = *state;

    stage->act.lines = 5;
    support_control("KAFKA", "stop");
    accept(stage, 20);
    support_wait_for(&stage->support, LEFT, PG_NONE, "0", 60);
    support_wait_for(&stage->support, LINES, PG_VALUES("job_7"), "5 0 4", 10);
    support_control("KAFKA", "start");
    support_wait_for(&stage->support, OUTBOX, PG_NONE, "0", 90);
    support_wait_for(&stage->support, EVENTS, PG_NONE, "0", 90);
}

static void with_postgres_away_a_running_job_goes_on_and_completes(void **state)
{
    static const struct timespec AWAY = {.tv_sec =
                                             8}; /* longer than two leases: that is the test */
    struct stage *stage = *state;

    stage->act.waits = true;
    accept(stage, 1);
    wait_for_status(stage, "job_0", "RUNNING");
    support_control("POSTGRES", "stop");
    nanosleep(&AWAY, NULL);
    atomic_store(&stage->act.go_on, true);
    support_control("POSTGRES", "start");
    wait_for_status(stage, "job_0", "COMPLETED");
    assert_string_equal(support_text(&stage->support, RUN, PG_VALUES("job_0")), "1");
    assert_int_equal(atomic_load(&stage->act.runs), 1);
}

#define on_a_worker(test) cmocka_unit_test_setup_teardown(test, with_worker, stop_worker)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_a_worker(accepted_jobs_end_and_their_messages_and_events_leave),
        on_a_worker(a_message_delivered_twice_has_one_effect),
        on_a_worker(a_message_that_cannot_be_read_goes_to_the_dead_letters),
        on_a_worker(a_passing_failure_is_tried_again),
        on_a_worker(a_lasting_failure_is_not),
        on_a_worker(a_running_job_is_cancelled),
        on_a_worker(a_drained_worker_hands_back_and_another_goes_on),
        on_a_worker(the_job_of_a_dead_owner_runs_again),
        on_a_worker(a_row_of_a_dead_process_is_published),
        on_a_worker(a_finished_runs_lines_are_counted_and_without_a_gap),
        on_a_worker(with_kafka_away_jobs_run_and_their_lines_are_kept),
        on_a_worker(with_postgres_away_a_running_job_goes_on_and_completes),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
