/*
 * test_kafka.c - producer, consumer and topics against a real Kafka.
 */
#include "infra/base/clock.h"
#include "infra/base/ids.h"
#include "infra/kafka/consumer.h"
#include "infra/kafka/producer.h"
#include "infra/kafka/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include <cmocka.h>

enum { WAIT_MS = 30000, TAGS_MOST = 1024 };

static const struct producer_tuning PRODUCER = {.delivery_timeout_ms = 20000,
                                                .queue_messages = 10000};
static const struct consumer_tuning CONSUMER = {.prefetch_messages = 1000, .prefetch_kb = 16384};
static const struct kafka_settings NOWHERE = {"127.0.0.1:1", "nowhere"};

struct stage {
    char prefix[64];
    struct kafka_settings kafka;
    struct producer *producer;
    atomic_int delivered[TAGS_MOST]; /* how often each tag was reported so */
    atomic_int lost[TAGS_MOST];
};

static void on_report(void *context, int64_t tag, bool delivered)
{
    struct stage *stage = context;

    atomic_fetch_add(delivered ? &stage->delivered[tag] : &stage->lost[tag], 1);
}

static struct producer *new_producer(struct stage *stage, const struct kafka_settings *kafka,
                                     const struct producer_tuning *tuning)
{
    struct error err = {0};
    struct producer *producer = producer_new(kafka, tuning, on_report, stage, &err);

    if (producer == NULL)
        fail_msg("%s: %s", err.message, err.detail);
    return producer;
}

static struct consumer *new_consumer(struct stage *stage, const char *group, const char *topic)
{
    struct error err = {0};
    struct consumer *consumer = consumer_new(&stage->kafka, group, topic, &CONSUMER, &err);

    if (consumer == NULL)
        fail_msg("%s: %s", err.message, err.detail);
    return consumer;
}

static int without_topics(void **state)
{
    static struct stage stage;
    const char *brokers = getenv("TRAINYARD_TEST_BROKERS");

    if (brokers == NULL)
        fail_msg("TRAINYARD_TEST_BROKERS is not set: run this test by scripts/test integration");
    memset(&stage, 0, sizeof stage);
    snprintf(stage.prefix, sizeof stage.prefix, "%s", id_new("t").text);
    stage.kafka = (struct kafka_settings){brokers, stage.prefix};
    stage.producer = new_producer(&stage, &stage.kafka, &PRODUCER);
    *state = &stage;
    return 0;
}

static int with_topics(void **state)
{
    struct stage *stage;
    struct error err = {0};

    without_topics(state);
    stage = *state;
    if (!topics_create(&stage->kafka, 1, &err))
        fail_msg("%s: %s", err.message, err.detail);
    return 0;
}

static int free_producer(void **state)
{
    struct stage *stage = *state;

    producer_free(stage->producer);
    return 0;
}

static bool put(struct producer *producer, const char *topic, const char *key, const char *value,
                int64_t tag, struct error *err)
{
    return producer_send(producer,
                         &(struct kafka_message){.topic = topic,
                                                 .key = key,
                                                 .value = value,
                                                 .length = value == NULL ? 0 : strlen(value)},
                         tag, err);
}

/* Sends count messages "0", "1" ... with their number as key and tag, and waits for Kafka. */
static void send_numbers(struct stage *stage, const char *topic, int from, int to)
{
    char number[16];
    struct error err = {0};

    for (int at = from; at < to; at++) {
        snprintf(number, sizeof number, "%d", at);
        assert_true(put(stage->producer, topic, number, number, at, &err));
    }
    assert_true(producer_flush(stage->producer, WAIT_MS));
}

/* The next message within the time; its number, or -1. */
static int read_number(struct consumer *consumer, int timeout_ms, struct consumer_message *message)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    while (clock_monotonic_ms() < deadline)
        if (consumer_poll(consumer, 100, message))
            return (int)strtol(message->value, NULL, 10);
    return -1;
}

static void topics_are_made_and_making_them_again_changes_nothing(void **state)
{
    struct stage *stage = *state;
    struct error err = {0};
    size_t count;

    topics_all(&count);
    assert_int_equal(count, 8);
    assert_true(topics_create(&stage->kafka, 1, &err));
    assert_true(topics_create(&stage->kafka, 1, &err));
}

static void more_copies_than_brokers_are_refused(void **state)
{
    struct stage *stage = *state;
    struct error err = {0};

    assert_false(topics_create(&stage->kafka, 9, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    assert_non_null(strstr(err.message, "could not make the topic"));
}

static void a_message_arrives_with_key_value_and_headers(void **state)
{
    const struct kafka_header headers[] = {{"job-id", "job_1"}, {"run", "0"}};
    struct stage *stage = *state;
    struct consumer *consumer = new_consumer(stage, "g", "jobs.build");
    struct consumer_message message;
    struct error err = {0};
    rd_kafka_headers_t *got;
    const void *value;
    size_t size;

    assert_true(producer_send(stage->producer,
                              &(struct kafka_message){.topic = "jobs.build",
                                                      .key = "user/churn",
                                                      .value = "17",
                                                      .length = 2,
                                                      .headers = headers,
                                                      .headers_count = 2},
                              0, &err));
    assert_int_equal(read_number(consumer, WAIT_MS, &message), 17);
    assert_int_equal(message.key_length, 10);
    assert_memory_equal(message.key, "user/churn", 10);
    assert_int_equal(message.value_length, 2);
    assert_int_equal(message.offset, 0);
    assert_int_equal(rd_kafka_message_headers(message.handle, &got), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_cnt(got), 2);
    assert_int_equal(rd_kafka_header_get_last(got, "job-id", &value, &size),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_memory_equal(value, "job_1", 5);
    consumer_message_clear(&message);
    consumer_message_clear(&message);
    consumer_free(consumer);
}

static void a_tombstone_arrives_as_no_value(void **state)
{
    struct stage *stage = *state;
    struct consumer *consumer = new_consumer(stage, "g", "state");
    struct consumer_message message;
    struct error err = {0};
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;
    bool got = false;

    assert_true(put(stage->producer, "state", "model_1", NULL, 0, &err));
    while (!got && clock_monotonic_ms() < deadline)
        got = consumer_poll(consumer, 100, &message);
    assert_true(got);
    assert_null(message.value);
    consumer_message_clear(&message);
    consumer_free(consumer);
}

static void each_message_is_reported_once(void **state)
{
    struct stage *stage = *state;

    send_numbers(stage, "logs", 0, TAGS_MOST);
    for (int at = 0; at < TAGS_MOST; at++) {
        assert_int_equal(atomic_load(&stage->delivered[at]), 1);
        assert_int_equal(atomic_load(&stage->lost[at]), 0);
    }
}

/* org.apache.kafka.common.utils.UtilsTest: murmur2 of 21 and foobar, of 12 partitions. */
static void keys_meet_where_the_java_clients_send_them(void **state)
{
    static const struct {
        const char *key;
        int partition;
    } ROWS[] = {{"21", (-973932308 & 0x7fffffff) % 12}, {"foobar", (-790332482 & 0x7fffffff) % 12}};
    struct stage *stage = *state;
    struct consumer *consumer = new_consumer(stage, "g", "events");
    struct consumer_message message;
    struct error err = {0};

    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        assert_true(put(stage->producer, "events", ROWS[at].key, "1", 0, &err));
        assert_int_equal(read_number(consumer, WAIT_MS, &message), 1);
        assert_int_equal(message.partition, ROWS[at].partition);
        consumer_message_clear(&message);
    }
    consumer_free(consumer);
}

static void the_first_message_after_the_warm_up_is_not_late(void **state)
{
    static const char *const TOPICS[] = {"jobs.build", "jobs.deploy"};
    struct stage *stage = *state;
    struct error err = {0};
    int64_t began;

    producer_warm_up(stage->producer, TOPICS, 2, WAIT_MS);
    assert_true(put(stage->producer, "jobs.build", "a", "1", 0, &err));
    assert_true(producer_flush(stage->producer, WAIT_MS)); /* the producer's id is fetched too */
    began = clock_monotonic_ms();
    assert_true(put(stage->producer, "jobs.deploy", "a", "1", 0, &err));
    assert_true(producer_flush(stage->producer, WAIT_MS));
    assert_in_range(clock_monotonic_ms() - began, 0, 700);
}

static void a_full_queue_refuses_without_waiting(void **state)
{
    static const struct producer_tuning SMALL = {.delivery_timeout_ms = 60000, .queue_messages = 3};
    struct stage *stage = *state;
    struct producer *producer = new_producer(stage, &NOWHERE, &SMALL);
    struct error err = {0};
    int64_t began = clock_monotonic_ms();

    for (int at = 0; at < 3; at++)
        assert_true(put(producer, "logs", "a", "1", at, &err));
    assert_false(put(producer, "logs", "a", "1", 3, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    assert_false(producer_flush(producer, 100));
    producer_free(producer);
    assert_in_range(clock_monotonic_ms() - began, 0, 10000);
    for (int at = 0; at < 3; at++)
        assert_int_equal(atomic_load(&stage->lost[at]), 1); /* given up, and told so */
    assert_int_equal(atomic_load(&stage->lost[3]), 0);
}

static void a_message_that_kafka_never_takes_is_refused_for_good(void **state)
{
    enum { HUGE = 2000000 };
    struct stage *stage = *state;
    struct error err = {0};
    char *value = malloc(HUGE);

    memset(value, 'x', HUGE);
    assert_false(producer_send(
        stage->producer,
        &(struct kafka_message){.topic = "logs", .key = "a", .value = value, .length = HUGE}, 0,
        &err));
    assert_int_equal(err.code, ERROR_TOO_LARGE);
    free(value);
}

static void a_producer_that_failed_for_good_is_replaced(void **state)
{
    struct stage *stage = *state;
    struct error err = {0};
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;
    bool sent = false;

    send_numbers(stage, "logs", 0, 10);
    producer_break(stage->producer);
    while (!sent && clock_monotonic_ms() < deadline)
        sent = put(stage->producer, "logs", "a", "1", 10, &err) &&
               producer_flush(stage->producer, WAIT_MS) && atomic_load(&stage->delivered[10]) > 0;
    assert_true(sent);
    send_numbers(stage, "logs", 20, 30);
    assert_int_equal(atomic_load(&stage->delivered[29]), 1);
}

static void whether_kafka_can_be_reached_is_known(void **state)
{
    struct stage *stage = *state;
    struct producer *producer = new_producer(stage, &NOWHERE, &PRODUCER);
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;

    while (producer_reach(producer, 100) && clock_monotonic_ms() < deadline)
        continue;
    assert_false(producer_reach(producer, 100));
    assert_true(producer_reach(stage->producer, 100));
    producer_free(producer);
}

/* Reads numbers until there are count, settling those that should be. */
static void read_and_settle(struct consumer *consumer, int count, bool (*settles)(int number))
{
    struct consumer_message message;

    for (int at = 0; at < count; at++) {
        int number = read_number(consumer, WAIT_MS, &message);

        assert_int_not_equal(number, -1);
        if (settles(number))
            consumer_settle(consumer, message.partition, message.offset);
        consumer_message_clear(&message);
    }
}

static bool all_but_three(int number)
{
    return number != 3;
}

static bool all(int number)
{
    (void)number;
    return true;
}

/* One key, hence one partition and one order. */
static void send_ordered(struct stage *stage, int count)
{
    char number[16];
    struct error err = {0};

    for (int at = 0; at < count; at++) {
        snprintf(number, sizeof number, "%d", at);
        assert_true(put(stage->producer, "jobs.build", "key", number, 0, &err));
    }
    assert_true(producer_flush(stage->producer, WAIT_MS));
}

static void the_next_reader_begins_at_the_first_unsettled_message(void **state)
{
    struct stage *stage = *state;
    struct consumer *consumer = new_consumer(stage, "g", "jobs.build");
    struct consumer_message message;

    send_ordered(stage, 10);
    read_and_settle(consumer, 10, all_but_three);
    consumer_free(consumer);
    consumer = new_consumer(stage, "g", "jobs.build");
    for (int number = 3; number < 10; number++) {
        assert_int_equal(read_number(consumer, WAIT_MS, &message), number);
        consumer_settle(consumer, message.partition, message.offset);
        consumer_message_clear(&message);
    }
    consumer_free(consumer);
    consumer = new_consumer(stage, "g", "jobs.build");
    send_ordered(stage, 1);
    assert_int_equal(read_number(consumer, WAIT_MS, &message), 0); /* nothing of the ten */
    consumer_message_clear(&message);
    consumer_free(consumer);
}

static void another_group_reads_all_from_the_beginning(void **state)
{
    struct stage *stage = *state;
    struct consumer *consumer = new_consumer(stage, "one", "jobs.build");

    send_ordered(stage, 5);
    read_and_settle(consumer, 5, all);
    consumer_free(consumer);
    consumer = new_consumer(stage, "two", "jobs.build");
    read_and_settle(consumer, 5, all);
    consumer_free(consumer);
}

static void a_paused_reader_gets_nothing_until_it_resumes(void **state)
{
    struct stage *stage = *state;
    struct consumer *paused = new_consumer(stage, "one", "jobs.build");
    struct consumer *other = new_consumer(stage, "two", "jobs.build");
    struct consumer_message message;

    send_numbers(stage, "jobs.build", 0, 10);
    read_and_settle(paused, 10, all);
    read_and_settle(other, 10, all);
    consumer_pause(paused);
    consumer_pause(paused);
    send_numbers(stage, "jobs.build", 10, 20);
    for (int at = 0; at < 10; at++) {
        assert_int_equal(read_number(paused, 1, &message), -1);
        assert_int_not_equal(read_number(other, WAIT_MS, &message), -1);
        consumer_message_clear(&message);
    }
    assert_int_equal(read_number(paused, 300, &message), -1);
    consumer_resume(paused);
    consumer_resume(paused);
    read_and_settle(paused, 10, all); /* no message twice, none left out */
    assert_int_equal(read_number(paused, 300, &message), -1);
    consumer_free(paused);
    consumer_free(other);
}

static void poll_until_assigned(struct consumer **consumers, size_t count, int each)
{
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;
    bool done = false;

    while (!done) {
        done = true;
        for (size_t at = 0; at < count; at++) {
            struct consumer_message message;

            if (consumer_poll(consumers[at], 50, &message))
                consumer_message_clear(&message);
            done = done && consumer_assigned(consumers[at]) == each;
        }
        if (clock_monotonic_ms() > deadline)
            fail_msg("not %d partitions each", each);
    }
}

static void members_share_the_partitions_and_inherit_them(void **state)
{
    struct stage *stage = *state;
    struct consumer *consumers[] = {new_consumer(stage, "g", "jobs.build"), NULL};

    poll_until_assigned(consumers, 1, 12);
    consumers[1] = new_consumer(stage, "g", "jobs.build");
    poll_until_assigned(consumers, 2, 6);
    consumer_free(consumers[0]);
    poll_until_assigned(&consumers[1], 1, 12);
    consumer_free(consumers[1]);
}

enum { SHARED = 24 };

/* Polls both until each holds half and all has been read once more; notes who read what. */
static void read_again(struct consumer **consumers, int owner[static SHARED])
{
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;
    int left = SHARED;

    while (left > 0 || consumer_assigned(consumers[0]) != 6 || consumer_assigned(consumers[1]) != 6)
        for (int at = 0; at < 2; at++) {
            struct consumer_message message;
            int number = read_number(consumers[at], 50, &message);

            assert_in_range(clock_monotonic_ms(), 0, deadline);
            if (number < 0)
                continue;
            left -= owner[number] == -1;
            owner[number] = at;
            consumer_message_clear(&message);
        }
}

static void what_was_read_before_a_rebalance_is_settled_only_where_it_still_counts(void **state)
{
    struct stage *stage = *state;
    struct consumer *consumers[] = {new_consumer(stage, "g", "jobs.build"), NULL};
    struct consumer_message messages[SHARED];
    int owner[SHARED];
    int taken_away = 0;
    int came_again = 0;

    send_numbers(stage, "jobs.build", 0, SHARED);
    for (size_t at = 0; at < SHARED; at++) {
        assert_int_not_equal(read_number(consumers[0], WAIT_MS, &messages[at]), -1);
        owner[at] = -1;
    }
    consumers[1] = new_consumer(stage, "g", "jobs.build");
    read_again(consumers, owner);
    for (size_t at = 0; at < SHARED; at++) {
        consumer_settle(consumers[0], messages[at].partition, messages[at].offset);
        consumer_message_clear(&messages[at]);
        taken_away += owner[at] == 1;
    }
    assert_in_range(taken_away, 1, SHARED - 1);
    consumer_free(consumers[0]);
    consumer_free(consumers[1]);
    consumers[0] = new_consumer(stage, "g", "jobs.build");
    while (came_again < taken_away) {
        struct consumer_message message;
        int number = read_number(consumers[0], WAIT_MS, &message);

        assert_in_range(number, 0, SHARED - 1);
        assert_int_equal(owner[number], 1);
        came_again++;
        consumer_message_clear(&message);
    }
    consumer_free(consumers[0]);
}

static void a_topic_that_is_made_later_is_read(void **state)
{
    struct stage *stage = *state;
    struct consumer *consumer = new_consumer(stage, "g", "jobs.build");
    struct consumer_message message;
    struct error err = {0};

    assert_int_equal(read_number(consumer, 500, &message), -1);
    assert_true(topics_create(&stage->kafka, 1, &err));
    send_ordered(stage, 1);
    assert_int_equal(read_number(consumer, WAIT_MS, &message), 0);
    consumer_message_clear(&message);
    consumer_free(consumer);
}

static void without_kafka_a_reader_is_made_and_closed_in_time(void **state)
{
    struct error err = {0};
    struct consumer *consumer = consumer_new(&NOWHERE, "g", "logs", &CONSUMER, &err);
    struct consumer_message message;
    int64_t began = clock_monotonic_ms();

    (void)state;
    assert_non_null(consumer);
    assert_false(consumer_poll(consumer, 200, &message));
    consumer_settle(consumer, 0, 0);
    consumer_free(consumer);
    assert_in_range(clock_monotonic_ms() - began, 0, 11000);
}

#define case_with_topics(test) cmocka_unit_test_setup_teardown(test, with_topics, free_producer)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_with_topics(topics_are_made_and_making_them_again_changes_nothing),
        cmocka_unit_test_setup_teardown(more_copies_than_brokers_are_refused, without_topics,
                                        free_producer),
        case_with_topics(a_message_arrives_with_key_value_and_headers),
        case_with_topics(a_tombstone_arrives_as_no_value),
        case_with_topics(each_message_is_reported_once),
        case_with_topics(keys_meet_where_the_java_clients_send_them),
        case_with_topics(the_first_message_after_the_warm_up_is_not_late),
        case_with_topics(a_full_queue_refuses_without_waiting),
        case_with_topics(a_message_that_kafka_never_takes_is_refused_for_good),
        case_with_topics(a_producer_that_failed_for_good_is_replaced),
        case_with_topics(whether_kafka_can_be_reached_is_known),
        case_with_topics(the_next_reader_begins_at_the_first_unsettled_message),
        case_with_topics(another_group_reads_all_from_the_beginning),
        case_with_topics(a_paused_reader_gets_nothing_until_it_resumes),
        case_with_topics(members_share_the_partitions_and_inherit_them),
        case_with_topics(what_was_read_before_a_rebalance_is_settled_only_where_it_still_counts),
        cmocka_unit_test_setup_teardown(a_topic_that_is_made_later_is_read, without_topics,
                                        free_producer),
        cmocka_unit_test_setup_teardown(without_kafka_a_reader_is_made_and_closed_in_time,
                                        without_topics, free_producer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
