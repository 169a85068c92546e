/*
 * test_outbox.c - what was committed with a message reaches Kafka, whoever dies or is away.
 */
#include "infra/base/clock.h"
#include "infra/kafka/consumer.h"
#include "infra/metrics/metrics.h"
#include "infra/relay/publisher.h"
#include "infra/store/outbox.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include <cmocka.h>

enum { WAIT_MS = 30000, MANY = 1500 };

static const char COUNT[] = "select count(*) from outbox";
/* As jobs_insert() leaves it: taken by the process that commits it. */
static const char INSERT_TAKEN[] =
    "insert into outbox (topic, key, value, headers, taken_until) values ('jobs.predict', $1, $2,"
    " '{\"job-id\":\"job_1\",\"schema\":\"1\"}', clock_timestamp() + make_interval(secs => "
    "$3::int)) returning id";
static const char INSERT_MANY[] =
    "with new as (insert into outbox (topic, key, value, headers, taken_until) "
    "select 'jobs.predict', 'key' || n, n, '{}', clock_timestamp() from generate_series(0, "
    "$1::int - 1) n returning 1) select count(*) from new";

struct stage {
    struct support support;
    struct metrics *metrics;
    struct publisher *publisher;
    struct consumer *consumer;
};

static struct publisher *new_publisher(struct stage *stage, const struct kafka_settings *kafka)
{
    struct error err = {0};
    struct publisher *publisher = publisher_new(stage->support.pool, kafka, stage->metrics, &err);

    if (publisher == NULL)
        fail_msg("%s: %s", err.message, err.detail);
    return publisher;
}

static int without_publisher(void **state)
{
    static const struct consumer_tuning TUNING = {.prefetch_messages = 1000, .prefetch_kb = 16384};
    static struct stage stage;
    struct error err = {0};

    memset(&stage, 0, sizeof stage);
    support_init_with_topics(&stage.support);
    stage.metrics = metrics_new(&err);
    stage.consumer = consumer_new(&stage.support.kafka, "test", "jobs.predict", &TUNING, &err);
    assert_non_null(stage.consumer);
    *state = &stage;
    return 0;
}

static int with_publisher(void **state)
{
    struct stage *stage;

    without_publisher(state);
    stage = *state;
    stage->publisher = new_publisher(stage, &stage->support.kafka);
    return 0;
}

static int clear_stage(void **state)
{
    struct stage *stage = *state;

    publisher_free(stage->publisher);
    consumer_free(stage->consumer);
    metrics_free(stage->metrics);
    support_clear(&stage->support);
    return 0;
}

static bool read_message(struct stage *stage, int timeout_ms, struct consumer_message *message)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    while (clock_monotonic_ms() < deadline)
        if (consumer_poll(stage->consumer, 100, message))
            return true;
    return false;
}

static void assert_message(struct stage *stage, const char *value)
{
    struct consumer_message message;

    assert_true(read_message(stage, WAIT_MS, &message));
    assert_int_equal(message.value_length, strlen(value));
    assert_memory_equal(message.value, value, strlen(value));
    consumer_message_clear(&message);
}

static int64_t insert_taken(struct stage *stage, const char *key, const char *value, int seconds)
{
    return support_int(&stage->support, INSERT_TAKEN,
                       PG_VALUES(key, value, pg_number(seconds).text));
}

static void send_row(struct publisher *publisher, int64_t id, const char *key, const char *value)
{
    publisher_send(
        publisher, id,
        &(struct kafka_message){
            .topic = "jobs.predict", .key = key, .value = value, .length = strlen(value)});
}

static void what_was_committed_is_sent_and_its_row_deleted(void **state)
{
    struct stage *stage = *state;
    int64_t id = insert_taken(stage, "key", "one", 3600);

    send_row(stage->publisher, id, "key", "one");
    assert_message(stage, "one");
    support_wait_for(&stage->support, COUNT, PG_NONE, "0", 30);
}

static void rows_of_the_dead_are_swept_with_their_headers(void **state)
{
    struct stage *stage = *state;
    struct consumer_message message;
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;

    insert_taken(stage, "key", "two", 1); /* its process died before it sent it */
    assert_true(read_message(stage, WAIT_MS, &message));
    assert_memory_equal(message.key, "key", 3);
    assert_int_equal(rd_kafka_message_headers(message.handle, &headers),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_get_last(headers, "job-id", &value, &size),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_memory_equal(value, "job_1", 5);
    consumer_message_clear(&message);
    support_wait_for(&stage->support, COUNT, PG_NONE, "0", 30);
    assert_true(metrics_value(stage->metrics, "trainyard_outbox_swept_total", "") == 1);
}

static void rows_that_somebody_holds_are_left_to_them(void **state)
{
    struct stage *stage = *state;

    insert_taken(stage, "key", "held", 3600);
    insert_taken(stage, "key", "free", 0);
    assert_message(stage, "free");
    support_wait_for(&stage->support, COUNT, PG_NONE, "1", 30);
    assert_string_equal(support_text(&stage->support, "select value from outbox", PG_NONE), "held");
}

static void several_that_sweep_send_each_row_once(void **state)
{
    struct stage *stage = *state;
    struct publisher *other = new_publisher(stage, &stage->support.kafka);
    static bool seen[MANY];
    struct consumer_message message;

    memset(seen, 0, sizeof seen);
    assert_int_equal(support_int(&stage->support, INSERT_MANY, PG_VALUES(pg_number(MANY).text)),
                     MANY);
    for (int at = 0; at < MANY; at++) {
        long number;

        assert_true(read_message(stage, WAIT_MS, &message));
        number = strtol(message.value, NULL, 10);
        assert_false(seen[number]);
        seen[number] = true;
        consumer_message_clear(&message);
    }
    support_wait_for(&stage->support, COUNT, PG_NONE, "0", 30);
    publisher_free(other);
    assert_false(read_message(stage, 200, &message));
}

static void with_kafka_away_nothing_waits_and_nothing_is_lost(void **state)
{
    static const struct kafka_settings NOWHERE = {"127.0.0.1:1", "nowhere"};
    struct stage *stage = *state;
    struct publisher *lonely = new_publisher(stage, &NOWHERE);
    int64_t began = clock_monotonic_ms();

    for (int at = 0; at < 100; at++)
        send_row(lonely, insert_taken(stage, "key", "late", 2), "key", "late");
    assert_in_range(clock_monotonic_ms() - began, 0, 10000);
    publisher_free(lonely); /* the process ends; nothing was delivered */
    assert_in_range(clock_monotonic_ms() - began, 0, 25000);
    assert_string_equal(support_text(&stage->support, COUNT, PG_NONE), "100");
    support_text(&stage->support, "update outbox set taken_until = clock_timestamp() returning 1",
                 PG_NONE);
    stage->publisher = new_publisher(stage, &stage->support.kafka);
    support_wait_for(&stage->support, COUNT, PG_NONE, "0", 60);
    for (int at = 0; at < 100; at++)
        assert_message(stage, "late");
}

static void depth_and_age_of_what_waits_are_known(void **state)
{
    struct stage *stage = *state;
    struct error err = {0};
    int64_t rows;
    double oldest_s;

    assert_true(outbox_depth(stage->support.db, &rows, &oldest_s, &err));
    assert_int_equal(rows, 0);
    assert_true(oldest_s == 0);
    insert_taken(stage, "key", "one", 35);
    insert_taken(stage, "key", "two", -60);
    assert_true(outbox_depth(stage->support.db, &rows, &oldest_s, &err));
    assert_int_equal(rows, 2);
    assert_true(oldest_s >= 95 && oldest_s < 125);
}

#define case_with(setup, test) cmocka_unit_test_setup_teardown(test, setup, clear_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_with(with_publisher, what_was_committed_is_sent_and_its_row_deleted),
        case_with(with_publisher, rows_of_the_dead_are_swept_with_their_headers),
        case_with(with_publisher, rows_that_somebody_holds_are_left_to_them),
        case_with(with_publisher, several_that_sweep_send_each_row_once),
        case_with(without_publisher, with_kafka_away_nothing_waits_and_nothing_is_lost),
        case_with(without_publisher, depth_and_age_of_what_waits_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
