/* test_event_read.c - messages of the topics events and state are read, or refused with a reason.
 */
#include "infra/relay/event_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct kafka_header GOOD[] = {
    {"ce_specversion", "1.0"},
    {"ce_id", "evt_job_1.7"},
    {"ce_type", "trainyard.job.completed"},
    {"ce_source", "/trainyard/accounts/user_1"},
    {"ce_subject", "job_1"},
    {"ce_time", "2026-11-24T10:20:30.123Z"},
    {"ce_sequence", "7"},
    {"content-type", "application/json"},
    {"ce_traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
};
enum { GOOD_COUNT = sizeof GOOD / sizeof *GOOD };

static bool read_text(const struct kafka_header *headers, size_t count, const char *value,
                      struct event *event, struct error *err)
{
    return event_read(headers, count, value, value == NULL ? 0 : strlen(value), event, err);
}

static void an_event_is_read(void **state)
{
    struct event event;
    struct error err = {0};

    (void)state;
    assert_true(read_text(GOOD, GOOD_COUNT, "{\"job_id\": \"job_1\", \"revision\": 7, \"x\": 1}",
                          &event, &err));
    assert_int_equal(event.kind, EVENT_OF_JOB);
    assert_string_equal(event.entity, "job_1");
    assert_string_equal(event.account, "user_1");
    assert_string_equal(event.change, "completed");
    assert_string_equal(event.time, "2026-11-24T10:20:30.123Z");
    assert_int_equal(event.revision, 7);
    assert_false(event.deleted);
    assert_non_null(event.traceparent);
    assert_int_equal(json_integer_value(json_object_get(event.data, "x")), 1);
    event_clear(&event);
    event_clear(&event);
}

static void every_kind_is_known(void **state)
{
    static const char *const KINDS[] = {"upload", "model", "version", "deployment", "job"};

    (void)state;
    for (int kind = 0; kind <= EVENT_OF_JOB; kind++) {
        struct kafka_header headers[GOOD_COUNT];
        char type[64];
        char value[128];
        struct event event;
        struct error err = {0};

        memcpy(headers, GOOD, sizeof headers);
        snprintf(type, sizeof type, "trainyard.%s.deleted", KINDS[kind]);
        snprintf(value, sizeof value, "{\"%s_id\": \"job_1\", \"revision\": 7, \"deleted\": true}",
                 KINDS[kind]);
        headers[2].value = type;
        assert_true(read_text(headers, GOOD_COUNT - 1, value, &event, &err));
        assert_int_equal(event.kind, kind);
        assert_true(event.deleted);
        assert_null(event.traceparent);
        event_clear(&event);
    }
}

static void what_does_not_agree_is_refused(void **state)
{
    static const char VALUE[] = "{\"job_id\": \"job_1\", \"revision\": 7}";
    static const struct {
        int header; /* to be changed; -1: none */
        const char *text;
        const char *value;
        const char *told;
    } ROWS[] = {
        {0, "0.3", VALUE, "no CloudEvent 1.0"},
        {1, "evt_job_1.8", VALUE, "ce_id is 'evt_job_1.8', not evt_job_1.7"},
        {1, "evt_job_1.07", VALUE, "ce_id"},
        {2, "trainyard.job.", VALUE, "ce_type"},
        {2, "trainyard.robot.ready", VALUE, "ce_type is 'trainyard.robot.ready'"},
        {2, "other.job.ready", VALUE, "ce_type"},
        {3, "/trainyard/accounts/", VALUE, "ce_source"},
        {4, "job_2", VALUE, "ce_id"},
        {6, "0", VALUE, "ce_sequence"},
        {6, "-7", VALUE, "ce_sequence"},
        {6, "7x", VALUE, "ce_sequence"},
        {6, "99999999999999999999", VALUE, "ce_sequence"},
        {-1, NULL, NULL, "no value"},
        {-1, NULL, "", "JSON"},
        {-1, NULL, "[]", "no object"},
        {-1, NULL, "{\"job_id\": \"job_1\", \"revision\": 8}", "revision of the value"},
        {-1, NULL, "{\"job_id\": \"job_1\", \"revision\": \"7\"}", "revision of the value"},
        {-1, NULL, "{\"job_id\": \"job_2\", \"revision\": 7}", "job_id of the value"},
        {-1, NULL, "{\"job_id\": \"job_1\", \"revision\": 7", ""},
    };

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        struct kafka_header headers[GOOD_COUNT];
        struct event event;
        struct error err = {0};

        memcpy(headers, GOOD, sizeof headers);
        if (ROWS[at].header >= 0)
            headers[ROWS[at].header].value = ROWS[at].text;
        assert_false(read_text(headers, GOOD_COUNT, ROWS[at].value, &event, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
        if (*ROWS[at].told != '\0' && strcmp(ROWS[at].told, "JSON") != 0 &&
            strstr(err.message, ROWS[at].told) == NULL)
            fail_msg("row %zu: '%s', not '%s'", at, err.message, ROWS[at].told);
        assert_null(event.data);
    }
    for (size_t missing = 0; missing < 7; missing++) {
        struct kafka_header headers[GOOD_COUNT];
        struct event event;
        struct error err = {0};

        memcpy(headers, GOOD, sizeof headers);
        headers[missing].name = "other";
        assert_false(read_text(headers, GOOD_COUNT, VALUE, &event, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_read),
        cmocka_unit_test(every_kind_is_known),
        cmocka_unit_test(what_does_not_agree_is_refused),
    };

    return cmocka_run_group_tests_name("event_read", tests, NULL, NULL);
}
