/* test_event_schema.c - what the database tells of is as schemas/messages says. */
#include "infra/base/clock.h"
#include "infra/kafka/consumer.h"
#include "infra/relay/event_message.h"
#include "infra/store/events.h"
#include "infra/store/jobs.h"
#include "tests/integration/support.h"
#include "tests/unit/message_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include <cmocka.h>

enum { WAIT_MS = 30000, EVENTS_MOST = 1000 };

/* Each entity as empty as may be, then with all that it can hold, then deleted. */
static const char *const CHANGES[] = {
    "insert into uploads (id, account, name, files, expires_at)"
    " values ('upload_1', $1, 'data', '[]', now()) returning 1",
    "update uploads set revision = revision + 1, status = 'complete', description = 'd',"
    "  files = '[{\"filename\": \"a.csv\"}]' where account = $1 returning 1",
    "update uploads set revision = revision + 1, status = 'failed', error = 'e'"
    " where account = $1 returning 1",
    "update uploads set revision = revision + 1, status = 'deleted' where account = $1 returning 1",
    "insert into models (id, account, name, display_name, intent, dataset_id, created_by)"
    " values ('model_1', $1, 'churn', 'Churn', 'an intent', 'upload_1', 'user_1') returning 1",
    "update models set revision = revision + 1, description = 'd', tags = '[\"a\", \"b\"]',"
    "  input_schema = '{\"age\": \"int\"}', output_schema = '{\"churn\": \"bool\"}',"
    "  last_version = 1 where account = $1 returning 1",
    "update models set revision = revision + 1, deleted_at = now() where account = $1 returning 1",
    "insert into versions (id, model_id, account, version, job_id, intent, dataset_id)"
    " values ('ver_1', 'model_1', $1, 12, 'job_1', 'an intent', 'upload_1') returning 1",
    "update versions set revision = revision + 1, status = 'ERROR', error_code = 'crashed',"
    "  error_message = 'm' where account = $1 returning 1",
    "update versions set revision = revision + 1, status = 'READY', artifact_digest = 'd',"
    "  artifact_bytes = 7000000000, report = '{\"score\": 0.5}', training_s = 1.5,"
    "  error_code = null, error_message = null where account = $1 returning 1",
    "update versions set revision = revision + 1, kind = 'retrain', input_schema = '{\"age\": "
    "\"int\"}',"
    "  output_schema = '{\"churn\": \"bool\"}', target = 't', metric = 'm', max_iterations = 3,"
    "  timeout_s = 60, seed = 42 where account = $1 returning 1",
    "update versions set revision = revision + 1, status = 'DELETED' where account = $1 returning "
    "1",
    "insert into deployments (id, account, model_id, version_id, job_id, environment, replicas,"
    "                         auto_scale)"
    " values ('dep_1', $1, 'model_1', 'ver_1', 'job_2', 'production', 2, true) returning 1",
    "update deployments set revision = revision + 1, status = 'FAILED', error_code = 'c',"
    "  error_message = 'm', active_at = now() where account = $1 returning 1",
    "update deployments set revision = revision + 1, status = 'UNDEPLOYED', undeployed_at = now()"
    " where account = $1 returning 1",
    "insert into jobs (id, account, pool, kind, message)"
    " values ('job_1', $1, 'build', 'model_build', '{}') returning 1",
    "update jobs set revision = revision + 1, status = 'RUNNING', run = 1, started_at = now(),"
    "  model_id = 'model_1', model_name = 'churn', version_id = 'ver_1',"
    "  deployment_id = 'dep_1', traceparent = "
    "'00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'"
    " where account = $1 returning 1",
    "update jobs set revision = revision + 1, status = 'COMPLETED', completed_at = now(),"
    "  result = '{\"score\": 0.5}', log_lines = 9 where account = $1 returning 1",
    "update jobs set revision = revision + 1, status = 'FAILED', failures = 3,"
    "  error_code = 'crashed', error_message = 'm' where account = $1 returning 1",
};

enum { CHANGES_COUNT = sizeof CHANGES / sizeof *CHANGES };

static int with_topics(void **state)
{
    static struct support support;

    support_init_with_topics(&support);
    *state = &support;
    return 0;
}

static int with_database(void **state)
{
    static struct support support;

    support_init(&support);
    *state = &support;
    return 0;
}

static int clear_database(void **state)
{
    support_clear(*state);
    return 0;
}

static struct pg_rows *make_events(struct support *support)
{
    struct error err = {0};
    struct pg_rows *rows;

    for (size_t at = 0; at < CHANGES_COUNT; at++)
        assert_string_equal(support_text(support, CHANGES[at], PG_VALUES(support->account)), "1");
    rows = events_read(support->db, EVENTS_MOST, &err);
    if (rows == NULL)
        fail_msg("%s: %s", err.message, err.detail);
    assert_int_equal(pg_rows_count(rows), CHANGES_COUNT);
    return rows;
}

/* The value fits, and has no field that the schema does not ask for. */
static void assert_exactly(json_t *root, json_t *schema, json_t *value, const char *what)
{
    struct error err = {0};

    if (schema == NULL)
        fail_msg("no schema for %s", what);
    if (!message_schema_fits(root, schema, value, &err))
        fail_msg("%s: %s", what, err.message);
    if (json_object_size(value) != json_array_size(json_object_get(schema, "required")))
        fail_msg("%s has %zu fields, %zu are described", what, json_object_size(value),
                 json_array_size(json_object_get(schema, "required")));
}

static void every_event_tells_exactly_what_its_schema_asks_for(void **state)
{
    json_t *root = message_schema_read("event");
    struct pg_rows *rows = make_events(*state);

    for (size_t at = 0; at < pg_rows_count(rows); at++) {
        json_t *data = json_loads(pg_text(rows, at, EVENT_DATA), JSON_REJECT_DUPLICATES, NULL);
        struct error err = {0};

        assert_non_null(data);
        assert_exactly(root, message_schema_part(root, pg_text(rows, at, EVENT_KIND)), data,
                       pg_text(rows, at, EVENT_TYPE));
        assert_true(message_schema_fits(root, root, data, &err));
        json_decref(data);
    }
    pg_rows_free(rows);
    json_decref(root);
}

static json_t *headers_of(const struct consumer_message *message)
{
    rd_kafka_headers_t *headers;
    json_t *json = json_object();
    const char *name;
    const void *value;
    size_t size;

    assert_int_equal(rd_kafka_message_headers(message->handle, &headers),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    for (size_t at = 0;
         rd_kafka_header_get_all(headers, at, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         at++)
        json_object_set_new(json, name, json_stringn(value, size));
    return json;
}

static void send_all(struct support *support, const struct pg_rows *rows)
{
    static const struct producer_tuning TUNING = {.delivery_timeout_ms = WAIT_MS,
                                                  .queue_messages = EVENTS_MOST};
    struct error err = {0};
    struct producer *producer = producer_new(&support->kafka, &TUNING, NULL, NULL, &err);

    assert_non_null(producer);
    for (size_t at = 0; at < pg_rows_count(rows); at++)
        if (!event_send(producer, rows, at, &err))
            fail_msg("%s: %s", err.message, err.detail);
    assert_true(producer_flush(producer, WAIT_MS));
    producer_free(producer);
}

/* Reads the messages of all events from a topic. */
static void assert_headers(struct support *support, const char *topic)
{
    static const struct consumer_tuning TUNING = {.prefetch_messages = 1000, .prefetch_kb = 16384};
    struct error err = {0};
    struct consumer *consumer = consumer_new(&support->kafka, topic, topic, &TUNING, &err);
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;
    json_t *root = message_schema_read("event");
    size_t count = 0;
    size_t traced = 0;

    assert_non_null(consumer);
    while (count < CHANGES_COUNT && clock_monotonic_ms() < deadline) {
        struct consumer_message message;
        json_t *headers;

        if (!consumer_poll(consumer, 100, &message))
            continue;
        headers = headers_of(&message);
        traced += json_object_del(headers, "ce_traceparent") == 0;
        assert_exactly(root, message_schema_part(root, "headers"), headers, topic);
        json_decref(headers);
        consumer_message_clear(&message);
        count++;
    }
    assert_int_equal(count, CHANGES_COUNT);
    assert_int_equal(traced, 3); /* what came of the job once it had a traceparent */
    json_decref(root);
    consumer_free(consumer);
}

static void every_message_has_exactly_the_headers_that_are_described(void **state)
{
    struct pg_rows *rows = make_events(*state);

    send_all(*state, rows);
    assert_headers(*state, "events");
    assert_headers(*state, "state");
    pg_rows_free(rows);
}

/* Ends the job's runs until the database gives it up. */
static void fail_for_good(struct support *support, const char *id)
{
    for (int run = 1; run <= 3; run++) {
        char items[256];
        struct error err = {0};

        pg_rows_free(jobs_claim(support->db, "predict", &id, 1, "worker", 30, &err));
        snprintf(items, sizeof items,
                 "[{\"id\":\"%s\",\"run\":%d,\"outcome\":\"retry\",\"code\":\"crashed\","
                 "\"message\":\"it died\",\"wait_s\":0,\"lines\":0}]",
                 id, run);
        pg_rows_free(jobs_finish(support->db, items, &err));
    }
}

static void the_letter_of_a_job_is_of_the_form_that_is_described(void **state)
{
    json_t *root = message_schema_read("dead_letter");
    json_t *forms = json_object_get(root, "oneOf");
    json_t *asked = json_object_get(json_array_get(forms, 1), "required");
    struct error err = {0};
    json_t *letter;

    support_insert_job(*state, "job_1", NULL);
    fail_for_good(*state, "job_1");
    letter = json_loads(
        support_text(*state, "select value from outbox where topic = 'jobs.dead'", PG_NONE), 0,
        NULL);
    assert_non_null(letter);
    if (!message_schema_fits(root, root, letter, &err))
        fail_msg("%s", err.message);
    assert_non_null(json_object_get(letter, "job"));
    assert_int_equal(json_object_size(letter),
                     json_array_size(json_object_get(root, "required")) + json_array_size(asked));
    json_decref(letter);
    json_decref(root);
}

#define case_with(setup, test) cmocka_unit_test_setup_teardown(test, setup, clear_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_with(with_database, every_event_tells_exactly_what_its_schema_asks_for),
        case_with(with_topics, every_message_has_exactly_the_headers_that_are_described),
        case_with(with_database, the_letter_of_a_job_is_of_the_form_that_is_described),
    };

    return cmocka_run_group_tests_name("event_schema", tests, NULL, NULL);
}
