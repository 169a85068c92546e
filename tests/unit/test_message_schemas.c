/* test_message_schemas.c - schemas/messages say what the codecs write, and ask for no less. */
#include "schemas/fields.h"
#include "tests/unit/message_samples.h"
#include "tests/unit/message_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool reads(const struct codec *codec, const json_t *json)
{
    struct error err = {0};
    char *text = json_text(json, &err);
    bool ok = codec->reads(text, strlen(text), &err);

    if (!ok)
        assert_int_equal(err.code, ERROR_VALIDATION);
    free(text);
    return ok;
}

static bool fits(json_t *schema, json_t *json)
{
    struct error err = {0};
    bool ok = message_schema_fits(schema, schema, json, &err);

    if (!ok)
        assert_int_equal(err.code, ERROR_VALIDATION); /* not the schema's own fault */
    return ok;
}

static bool holds(json_t *array, const char *word)
{
    size_t at;
    json_t *item;

    json_array_foreach(array, at, item)
    {
        if (strcmp(json_string_value(item), word) == 0)
            return true;
    }
    return false;
}

/* What a message of the codecs must have: of two forms the first. */
static json_t *required_of(json_t *schema)
{
    json_t *names = json_copy(json_object_get(schema, "required"));
    json_t *forms = json_object_get(schema, "oneOf");

    assert_non_null(names);
    json_array_extend(names, json_object_get(json_array_get(forms, 0), "required"));
    return names;
}

/* Compares names, and does so within objects and the first item of arrays. */
static void assert_exactly_required(json_t *schema, json_t *json)
{
    json_t *required = required_of(schema);
    const char *name;
    json_t *value;

    json_object_foreach(json, name, value)
    {
        json_t *property = json_object_get(json_object_get(schema, "properties"), name);

        if (!holds(required, name))
            fail_msg("%s is written, but not required", name);
        if (json_object_get(property, "required") != NULL)
            assert_exactly_required(property, value);
        property = json_object_get(property, "items");
        if (json_object_get(property, "required") != NULL)
            assert_exactly_required(property, json_array_get(value, 0));
    }
    assert_int_equal(json_object_size(json), json_array_size(required));
    json_decref(required);
}

static void the_least_message_has_exactly_what_is_required(void **state)
{
    (void)state;
    for (size_t at = 0; at < CODECS_COUNT; at++) {
        json_t *schema = message_schema_read(CODECS[at].schema);
        json_t *json = CODECS[at].make(false);

        assert_exactly_required(schema, json);
        json_decref(json);
        json_decref(schema);
    }
}

static void what_is_written_is_as_the_schema_says_and_can_be_read(void **state)
{
    (void)state;
    for (size_t at = 0; at < CODECS_COUNT; at++)
        for (int all = 0; all <= 1; all++) {
            json_t *schema = message_schema_read(CODECS[at].schema);
            json_t *json = CODECS[at].make(all == 1);
            struct error err = {0};
            const char *name;
            json_t *value;

            if (!message_schema_fits(schema, schema, json, &err))
                fail_msg("%s: %s", CODECS[at].schema, err.message);
            assert_true(reads(&CODECS[at], json));
            json_object_foreach(json, name, value)
            {
                if (json_object_get(json_object_get(schema, "properties"), name) == NULL)
                    fail_msg("%s of %s is not described", name, CODECS[at].schema);
            }
            json_decref(json);
            json_decref(schema);
        }
}

/* Removes each field of object, which is message or within it. */
static void remove_each(const struct codec *codec, json_t *schema, json_t *message, json_t *object)
{
    json_t *whole = json_copy(object);
    const char *name;
    json_t *value;

    json_object_foreach(whole, name, value)
    {
        json_object_del(object, name);
        if (fits(schema, message) && !reads(codec, message))
            fail_msg("%s may be left out of %s, says the schema, and the reader refuses it", name,
                     codec->schema);
        json_object_set(object, name, value);
        if (json_is_object(value))
            remove_each(codec, schema, message, value);
        if (json_is_object(json_array_get(value, 0)))
            remove_each(codec, schema, message, json_array_get(value, 0));
    }
    json_decref(whole);
}

static void what_the_schema_lets_one_leave_out_the_reader_does_without(void **state)
{
    (void)state;
    for (size_t at = 0; at < CODECS_COUNT; at++) {
        json_t *schema = message_schema_read(CODECS[at].schema);
        json_t *json = CODECS[at].make(true);

        remove_each(&CODECS[at], schema, json, json);
        assert_true(fits(schema, json));
        json_decref(json);
        json_decref(schema);
    }
}

/* The object of a message that path ("a.b.0") leads to, and the last name of it. */
static json_t *walk(json_t *json, const char *path, char last[static 64])
{
    const char *dot;

    while ((dot = strchr(path, '.')) != NULL) {
        snprintf(last, 64, "%.*s", (int)(dot - path), path);
        json = json_is_array(json) ? json_array_get(json, strtoul(last, NULL, 10))
                                   : json_object_get(json, last);
        path = dot + 1;
    }
    snprintf(last, 64, "%s", path);
    assert_true(json_is_object(json));
    return json;
}

static void schema_and_reader_draw_the_same_limits(void **state)
{
    enum { BUILD, PREDICT, DEPLOY, LOG, LETTER };
    static const struct {
        int codec;
        const char *path;
        const char *value; /* JSON */
        size_t repeat;     /* where value is NULL: a text of so many x */
        bool ok;
    } ROWS[] = {
        {BUILD, "schema", "0", 0, false},
        {BUILD, "schema", "1", 0, true},
        {BUILD, "schema", "2", 0, false},
        {BUILD, "schema", "\"1\"", 0, false},
        {BUILD, "job_id", "\"\"", 0, false},
        {BUILD, "job_id", "\" \\t\\n\"", 0, false},
        {BUILD, "job_id", "7", 0, false},
        {BUILD, "job_id", NULL, 256, true},
        {BUILD, "job_id", NULL, 257, false},
        {BUILD, "version", "0", 0, false},
        {BUILD, "version", "2147483647", 0, true},
        {BUILD, "version", "2147483648", 0, false},
        {BUILD, "version", "1.5", 0, false},
        {BUILD, "dataset", "[]", 0, false},
        {BUILD, "dataset.files", "[]", 0, false},
        {BUILD, "dataset.files", "{}", 0, false},
        {BUILD, "dataset.files.0.size_bytes", "-1", 0, false},
        {BUILD, "dataset.files.0.size_bytes", "9223372036854775807", 0, true},
        {BUILD, "dataset.files.0.digest", "\"../x\"", 0, false},
        {BUILD, "dataset.files.0.digest", NULL, 64, false},
        {BUILD, "dataset.files.0.filename", NULL, 257, false},
        {BUILD, "spec.intent", NULL, 8192, true},
        {BUILD, "spec.intent", NULL, 8193, false},
        {BUILD, "spec.intent", "\"\"", 0, false},
        {BUILD, "spec.target", "null", 0, true},
        {BUILD, "spec.target", "7", 0, false},
        {BUILD, "spec.metric", NULL, 257, false},
        {BUILD, "spec.input_schema", "[]", 0, false},
        {BUILD, "spec.output_schema", "null", 0, true},
        {BUILD, "spec.max_iterations", "100", 0, true},
        {BUILD, "spec.max_iterations", "101", 0, false},
        {BUILD, "spec.timeout_s", "604800", 0, true},
        {BUILD, "spec.timeout_s", "604801", 0, false},
        {BUILD, "spec.seed", "-1", 0, false},
        {BUILD, "invented_later", "{}", 0, true},
        {PREDICT, "schema", "2", 0, false},
        {PREDICT, "artifact_digest", "\"../x\"", 0, false},
        {PREDICT, "has_output_schema", "1", 0, false},
        {PREDICT, "input.kind", "\"url\"", 0, false},
        {PREDICT, "input.rows", "-1", 0, false},
        {PREDICT, "input.dataset_id", "null", 0, true},
        {PREDICT, "input.files", "[]", 0, false},
        {PREDICT, "input.files.0.digest", NULL, 64, false},
        {PREDICT, "input.files.0.url", "\"https://example.org/t.csv\"", 0, false},
        {PREDICT, "output.format", "\"xlsx\"", 0, false},
        {PREDICT, "output.format", "\"csv\"", 0, true},
        {PREDICT, "invented_later", "{}", 0, true},
        {DEPLOY, "schema", "2", 0, false},
        {DEPLOY, "version", "0", 0, false},
        {DEPLOY, "artifact_digest", "\"00\"", 0, false},
        {DEPLOY, "deployment_id", NULL, 257, false},
        {DEPLOY, "environment", "\"\"", 0, false},
        {DEPLOY, "replicas", "0", 0, false},
        {DEPLOY, "replicas", "100", 0, true},
        {DEPLOY, "replicas", "101", 0, false},
        {DEPLOY, "auto_scale", "1", 0, false},
        {DEPLOY, "invented_later", "{}", 0, true},
        {LOG, "schema", "2", 0, false},
        {LOG, "run", "0", 0, false},
        {LOG, "seq", "-1", 0, false},
        {LOG, "seq", "2147483648", 0, false},
        {LOG, "at_ms", "253402300799999", 0, true},
        {LOG, "at_ms", "253402300800000", 0, false},
        {LOG, "level", "\"LOUD\"", 0, false},
        {LOG, "level", "\"ERROR\"", 0, true},
        {LOG, "model", "\"\"", 0, true},
        {LOG, "model", NULL, 257, false},
        {LOG, "message", "[]", 0, false},
        {LOG, "progress", "100", 0, true},
        {LOG, "progress", "101", 0, false},
        {LOG, "progress", "-1", 0, false},
        {LOG, "stage", NULL, 257, false},
        {LOG, "account", "\"\"", 0, false},
        {LETTER, "schema", "2", 0, false},
        {LETTER, "pool", "\"\"", 0, false},
        {LETTER, "code", NULL, 257, false},
        {LETTER, "message", "\"\"", 0, false},
        {LETTER, "partition", "-1", 0, false},
        {LETTER, "offset", "-1", 0, false},
        {LETTER, "raw", "7", 0, false},
        {LETTER, "raw", "\"\"", 0, true},
    };
    char last[64];

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        json_t *schema = message_schema_read(CODECS[ROWS[at].codec].schema);
        json_t *json = CODECS[ROWS[at].codec].make(true);
        json_t *object = walk(json, ROWS[at].path, last);
        char *text = calloc(1, ROWS[at].repeat + 1);

        memset(text, 'x', ROWS[at].repeat);
        json_object_set_new(object, last,
                            ROWS[at].value == NULL
                                ? json_string(text)
                                : sample_parse(ROWS[at].value, strlen(ROWS[at].value)));
        if (fits(schema, json) != ROWS[at].ok)
            fail_msg("the schema and %s = %s, %zu", ROWS[at].path, ROWS[at].value, ROWS[at].repeat);
        if (reads(&CODECS[ROWS[at].codec], json) != ROWS[at].ok)
            fail_msg("the reader and %s = %s, %zu", ROWS[at].path, ROWS[at].value, ROWS[at].repeat);
        free(text);
        json_decref(json);
        json_decref(schema);
    }
}

/* As function bury of the database writes it. */
static void the_letter_of_a_job_is_the_other_form(void **state)
{
    static const char TEXT[] =
        "{\"schema\" : 1, \"job_id\" : \"job_1\", \"pool\" : \"build\", \"run\" : 3, "
        "\"failures\" : 3, \"code\" : \"crashed\", \"message\" : \"it died\", "
        "\"died_at\" : \"2026-01-01T00:00:00Z\", \"job\" : \"{}\"}";
    json_t *schema = message_schema_read("dead_letter");
    json_t *json = sample_parse(TEXT, strlen(TEXT));

    (void)state;
    assert_true(fits(schema, json));
    json_object_set_new(json, "raw", json_string(""));
    assert_true(fits(schema, json));
    json_object_del(json, "job");
    assert_false(fits(schema, json)); /* neither of both */
    json_decref(json);
    json_decref(schema);
}

/* Every property, and every part, has words. */
static void assert_described(const char *where, json_t *schema)
{
    const char *name;
    json_t *value;

    if (json_string_length(json_object_get(schema, "description")) < 6)
        fail_msg("%s has no description", where);
    json_object_foreach(json_object_get(schema, "properties"), name, value)
    {
        assert_described(name, value);
    }
    json_object_foreach(json_object_get(schema, "$defs"), name, value)
    {
        assert_described(name, value);
    }
    if (json_object_get(schema, "items") != NULL)
        assert_described(where, json_object_get(schema, "items"));
}

static void every_field_is_described(void **state)
{
    static const char *const NAMES[] = {"build_job",  "predict_job", "deploy_job",
                                        "log_record", "dead_letter", "event"};

    (void)state;
    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++) {
        json_t *schema = message_schema_read(NAMES[at]);

        assert_described(NAMES[at], schema);
        assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
                            "https://json-schema.org/draft/2020-12/schema");
        json_decref(schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_message_has_exactly_what_is_required),
        cmocka_unit_test(what_is_written_is_as_the_schema_says_and_can_be_read),
        cmocka_unit_test(what_the_schema_lets_one_leave_out_the_reader_does_without),
        cmocka_unit_test(schema_and_reader_draw_the_same_limits),
        cmocka_unit_test(the_letter_of_a_job_is_the_other_form),
        cmocka_unit_test(every_field_is_described),
    };

    return cmocka_run_group_tests_name("message_schemas", tests, NULL, NULL);
}
