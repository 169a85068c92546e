/*
 * test_relay.c - events and states reach Kafka in order, by one process, whichever lives.
 */
#include "infra/base/clock.h"
#include "infra/kafka/consumer.h"
#include "infra/metrics/metrics.h"
#include "infra/relay/relay.h"
#include "infra/store/events.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <librdkafka/rdkafka.h>

#include <cmocka.h>

enum { WAIT_MS = 30000 };

static const char LEFT[] = "select count(*) from events_outbox";
static const char HOLDER[] = "select owner from relay";
static const char INSERT_MODEL[] =
    "insert into models (id, account, name, display_name, intent, dataset_id, created_by)"
    " values ($1, $2, $3, $3, 'an intent', 'upload_1', 'key_1') returning 1";
static const char CHANGE_MODEL[] =
    "update models set revision = revision + 1, description = 'n' || revision, updated_at = "
    "clock_timestamp() where id = $1 returning 1";
static const char FORGET_EVENTS[] =
    "with gone as (delete from events_outbox returning 1) select count(*) from gone";

struct process {
    struct metrics *metrics;
    struct relay *relay;
};

struct stage {
    struct support support;
    struct process process;
    struct consumer *events;
    struct consumer *states;
};

/* What a message tells. */
struct told {
    char key[128];
    char id[128];
    int64_t revision;
    json_t *data;
};

static void start_process(struct stage *stage, const char *owner,
                          const struct kafka_settings *kafka, struct process *process)
{
    struct error err = {0};

    process->metrics = metrics_new(&err);
    process->relay =
        relay_new(stage->support.pool, stage->support.url, kafka, owner, process->metrics, &err);
    if (process->relay == NULL)
        fail_msg("%s: %s", err.message, err.detail);
}

static void stop_process(struct process *process)
{
    relay_free(process->relay);
    metrics_free(process->metrics);
    *process = (struct process){0};
}

static int without_relay(void **state)
{
    static const struct consumer_tuning TUNING = {.prefetch_messages = 1000, .prefetch_kb = 16384};
    static struct stage stage;
    struct error err = {0};

    memset(&stage, 0, sizeof stage);
    support_init_with_topics(&stage.support);
    stage.events = consumer_new(&stage.support.kafka, "events", "events", &TUNING, &err);
    stage.states = consumer_new(&stage.support.kafka, "states", "state", &TUNING, &err);
    assert_true(stage.events != NULL && stage.states != NULL);
    *state = &stage;
    return 0;
}

static int with_relay(void **state)
{
    struct stage *stage;

    without_relay(state);
    stage = *state;
    start_process(stage, "api_1", &stage->support.kafka, &stage->process);
    support_wait_for(&stage->support, HOLDER, PG_NONE, "api_1", 30);
    return 0;
}

static int clear_stage(void **state)
{
    struct stage *stage = *state;

    stop_process(&stage->process);
    consumer_free(stage->events);
    consumer_free(stage->states);
    support_clear(&stage->support);
    return 0;
}

static void change(struct stage *stage, const char *id)
{
    support_text(&stage->support, CHANGE_MODEL, PG_VALUES(id));
}

static void make_model(struct stage *stage, const char *id, const char *name)
{
    support_text(&stage->support, INSERT_MODEL, PG_VALUES(id, stage->support.account, name));
}

static const char *header(const struct consumer_message *message, const char *name)
{
    static char text[256];
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;

    if (rd_kafka_message_headers(message->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return "";
    snprintf(text, sizeof text, "%.*s", (int)size, (const char *)value);
    return text;
}

static void read_told(struct consumer *consumer, struct told *told)
{
    struct consumer_message message;
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;
    bool got = false;

    while (!got && clock_monotonic_ms() < deadline)
        got = consumer_poll(consumer, 100, &message);
    assert_true(got);
    snprintf(told->key, sizeof told->key, "%.*s", (int)message.key_length, message.key);
    snprintf(told->id, sizeof told->id, "%s", header(&message, "ce_id"));
    told->revision = strtoll(header(&message, "ce_sequence"), NULL, 10);
    told->data = json_loadb(message.value, message.value_length, 0, NULL);
    assert_non_null(told->data);
    assert_int_equal(json_integer_value(json_object_get(told->data, "revision")), told->revision);
    consumer_message_clear(&message);
}

static void an_event_is_a_cloudevent_with_the_whole_resource(void **state)
{
    struct stage *stage = *state;
    struct consumer_message message;
    char key[128];
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;
    bool got = false;
    json_t *data;

    make_model(stage, "model_1", "churn");
    relay_wake(stage->process.relay);
    while (!got && clock_monotonic_ms() < deadline)
        got = consumer_poll(stage->events, 100, &message);
    assert_true(got);
    snprintf(key, sizeof key, "%s/churn", stage->support.account);
    assert_int_equal(message.key_length, strlen(key));
    assert_memory_equal(message.key, key, strlen(key));
    assert_string_equal(header(&message, "ce_specversion"), "1.0");
    assert_string_equal(header(&message, "ce_id"), "evt_model_1.1");
    assert_string_equal(header(&message, "ce_type"), "trainyard.model.changed");
    assert_string_equal(header(&message, "ce_subject"), "model_1");
    assert_string_equal(header(&message, "ce_sequence"), "1");
    assert_string_equal(header(&message, "content-type"), "application/json");
    assert_non_null(strstr(header(&message, "ce_source"), stage->support.account));
    assert_non_null(strchr(header(&message, "ce_time"), 'T'));
    data = json_loadb(message.value, message.value_length, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(data, "model_id")), "model_1");
    assert_string_equal(json_string_value(json_object_get(data, "intent")), "an intent");
    json_decref(data);
    consumer_message_clear(&message);
}

static void revisions_come_without_a_gap_as_events_and_as_states(void **state)
{
    enum { CHANGES = 50 };
    struct stage *stage = *state;
    struct told told;

    make_model(stage, "model_1", "churn");
    for (int at = 1; at < CHANGES; at++) {
        change(stage, "model_1");
        if (at % 10 == 0)
            relay_wake(stage->process.relay);
    }
    for (int revision = 1; revision <= CHANGES; revision++) {
        read_told(stage->events, &told);
        assert_int_equal(told.revision, revision);
        json_decref(told.data);
        read_told(stage->states, &told);
        assert_int_equal(told.revision, revision);
        assert_string_equal(told.key, "model_1");
        json_decref(told.data);
    }
    support_wait_for(&stage->support, LEFT, PG_NONE, "0", 30);
    assert_true(metrics_value(stage->process.metrics, "trainyard_events_published_total", "") ==
                CHANGES);
}

/* A round takes half a second when nobody is woken. */
static void whoever_is_woken_publishes_at_once(void **state)
{
    enum { ROUNDS = 12 };
    struct stage *stage = *state;
    struct process other;
    struct told told;
    int64_t began;

    start_process(stage, "api_2", &stage->support.kafka, &other);
    make_model(stage, "model_1", "churn");
    read_told(stage->events, &told);
    json_decref(told.data);
    began = clock_monotonic_ms();
    for (int at = 0; at < ROUNDS; at++) {
        change(stage, "model_1");
        relay_wake(at % 2 == 0 ? stage->process.relay : other.relay); /* itself; by NOTIFY */
        read_told(stage->events, &told);
        json_decref(told.data);
        support_wait_for(&stage->support, LEFT, PG_NONE, "0", 30);
    }
    assert_in_range(clock_monotonic_ms() - began, 0, ROUNDS * 300);
    stop_process(&other);
}

static void one_process_publishes_and_another_takes_over(void **state)
{
    struct stage *stage = *state;
    struct process other;
    struct told told;

    start_process(stage, "api_2", &stage->support.kafka, &other);
    make_model(stage, "model_1", "churn");
    read_told(stage->events, &told);
    json_decref(told.data);
    assert_true(metrics_value(stage->process.metrics, "trainyard_relay_holder", "") == 1);
    assert_true(metrics_value(other.metrics, "trainyard_relay_holder", "") == 0);
    stop_process(&stage->process); /* gives the lease up */
    support_wait_for(&stage->support, HOLDER, PG_NONE, "api_2", 30);
    change(stage, "model_1");
    relay_wake(other.relay);
    do {
        read_told(stage->events, &told);
        json_decref(told.data);
        assert_in_range(told.revision, 1, 2); /* what changed lately comes once more */
    } while (told.revision != 2);
    stop_process(&other);
}

static void the_lease_of_a_dead_process_runs_out(void **state)
{
    struct stage *stage = *state;
    struct told told;

    support_text(&stage->support,
                 "update relay set owner = 'dead', until = clock_timestamp() + interval '2 s' "
                 "returning 1",
                 PG_NONE);
    start_process(stage, "api_1", &stage->support.kafka, &stage->process);
    make_model(stage, "model_1", "churn");
    read_told(stage->events, &told);
    json_decref(told.data);
    assert_string_equal(support_text(&stage->support, HOLDER, PG_NONE), "api_1");
}

/* The predecessor died between publishing and deleting, or before it published at all. */
static void a_new_holder_tells_once_more_what_changed_lately(void **state)
{
    struct stage *stage = *state;
    struct told told;

    make_model(stage, "model_1", "churn");
    change(stage, "model_1");
    make_model(stage, "model_2", "old");
    support_text(&stage->support, FORGET_EVENTS, PG_NONE);
    support_text(&stage->support,
                 "update models set revision = 9, updated_at = now() - interval '1 hour' where id "
                 "= 'model_2' returning 1",
                 PG_NONE);
    support_text(&stage->support, FORGET_EVENTS, PG_NONE);
    start_process(stage, "api_1", &stage->support.kafka, &stage->process);
    read_told(stage->events, &told);
    assert_string_equal(told.id, "evt_model_1.2");
    json_decref(told.data);
    change(stage, "model_2");
    read_told(stage->events, &told);
    assert_string_equal(told.id, "evt_model_2.10"); /* its old state was not repeated */
    json_decref(told.data);
}

static void an_event_too_large_for_kafka_holds_up_no_other(void **state)
{
    struct stage *stage = *state;
    struct told told;

    support_text(&stage->support,
                 "insert into events_outbox (kind, entity, revision, type, account, subject, data)"
                 " values ('model', 'model_0', 1, 'trainyard.model.changed', 'a', 'b', "
                 "json_build_object('revision', 1, 'text', repeat('x', 2000000))) returning 1",
                 PG_NONE);
    make_model(stage, "model_1", "churn");
    read_told(stage->events, &told);
    assert_string_equal(told.id, "evt_model_1.1");
    json_decref(told.data);
    support_wait_for(&stage->support, LEFT, PG_NONE, "0", 30);
}

static void without_kafka_events_wait_and_the_process_still_ends(void **state)
{
    static const struct kafka_settings NOWHERE = {"127.0.0.1:1", "nowhere"};
    struct stage *stage = *state;
    struct told told;
    int64_t began;

    make_model(stage, "model_1", "churn");
    change(stage, "model_1");
    start_process(stage, "api_0", &NOWHERE, &stage->process);
    support_wait_for(&stage->support, HOLDER, PG_NONE, "api_0", 30);
    relay_wake(stage->process.relay);
    began = clock_monotonic_ms();
    stop_process(&stage->process);
    assert_in_range(clock_monotonic_ms() - began, 0, 10000);
    assert_true(support_int(&stage->support, LEFT, PG_NONE) >= 2);
    start_process(stage, "api_1", &stage->support.kafka, &stage->process);
    for (int revision = 1; revision <= 2; revision++) {
        read_told(stage->events, &told);
        assert_int_equal(told.revision, revision);
        json_decref(told.data);
    }
}

static void only_the_holder_of_the_lease_may_delete_events(void **state)
{
    struct stage *stage = *state;
    struct error err = {0};
    char ids[64];
    bool held;
    bool fresh;

    make_model(stage, "model_1", "churn");
    snprintf(ids, sizeof ids, "{%s}",
             support_text(&stage->support, "select id from events_outbox", PG_NONE));
    assert_true(events_hold(stage->support.db, "one", 60, &held, &fresh, &err));
    assert_true(held && fresh);
    assert_true(events_hold(stage->support.db, "one", 60, &held, &fresh, &err));
    assert_true(held && !fresh);
    assert_true(events_hold(stage->support.db, "two", 60, &held, &fresh, &err));
    assert_false(held);
    assert_true(events_delete(stage->support.db, "two", ids, &err));
    assert_string_equal(support_text(&stage->support, LEFT, PG_NONE), "1");
    assert_true(events_release(stage->support.db, "two", &err));
    assert_true(events_hold(stage->support.db, "two", 60, &held, &fresh, &err));
    assert_false(held);
    assert_true(events_delete(stage->support.db, "one", ids, &err));
    assert_string_equal(support_text(&stage->support, LEFT, PG_NONE), "0");
    assert_true(events_release(stage->support.db, "one", &err));
    assert_true(events_hold(stage->support.db, "two", 60, &held, &fresh, &err));
    assert_true(held && fresh);
}

#define case_with(setup, test) cmocka_unit_test_setup_teardown(test, setup, clear_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_with(with_relay, an_event_is_a_cloudevent_with_the_whole_resource),
        case_with(with_relay, revisions_come_without_a_gap_as_events_and_as_states),
        case_with(with_relay, whoever_is_woken_publishes_at_once),
        case_with(with_relay, one_process_publishes_and_another_takes_over),
        case_with(without_relay, the_lease_of_a_dead_process_runs_out),
        case_with(without_relay, a_new_holder_tells_once_more_what_changed_lately),
        case_with(with_relay, an_event_too_large_for_kafka_holds_up_no_other),
        case_with(without_relay, without_kafka_events_wait_and_the_process_still_ends),
        case_with(without_relay, only_the_holder_of_the_lease_may_delete_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
