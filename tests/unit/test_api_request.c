/* test_api_request.c - what clients send to make a model, in all its spellings. */
#include "api/model_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct reading {
    json_t *body;
    struct fields fields;
    struct model_request request;
    struct error err;
    bool ok;
};

static void read_body(struct reading *reading, const char *text)
{
    *reading = (struct reading){0};
    reading->body = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(reading->body);
    reading->fields.object = reading->body;
    model_request_read(&reading->fields, &reading->request);
    reading->ok = fields_end(&reading->fields, &reading->err);
}

static void end(struct reading *reading)
{
    fields_clear(&reading->fields);
    json_decref(reading->body);
}

static void every_spelling_means_the_same(void **state)
{
    static const char *const BODIES[] = {
        "{\"intent\":\"i\",\"dataset_id\":\"d\",\"metric\":\"m\"}",
        "{\"goal\":\"i\",\"upload_id\":\"d\",\"eval\":\"m\"}",
        "{\"goal\":\"i\",\"data_reference\":\"d\",\"metric\":\"m\",\"eval\":null}",
        "{\"intent\":\"i\",\"goal\":\"i\",\"data_reference\":[\"d\"],\"eval\":\"m\"}",
        "{\"intent\":\"i\",\"dataset_id\":\"d\",\"upload_id\":\"d\",\"eval\":\"m\"}",
        "{\"goal\":\"i\",\"upload_id\":\"d\",\"metric\":\"m\",\"provider\":\"x\"}",
    };

    (void)state;
    for (size_t at = 0; at < sizeof BODIES / sizeof *BODIES; at++) {
        struct reading reading;

        read_body(&reading, BODIES[at]);
        assert_true(reading.ok);
        assert_string_equal(reading.request.intent, "i");
        assert_string_equal(reading.request.dataset_id, "d");
        assert_string_equal(reading.request.metric, "m");
        end(&reading);
    }
}

static void what_is_not_given_has_its_default(void **state)
{
    struct reading reading;

    (void)state;
    read_body(&reading,
              "{\"intent\":\"i\",\"dataset_id\":\"d\",\"input_schema\":{},\"tags\":null}");
    assert_true(reading.ok);
    assert_null(reading.request.input_schema);
    assert_null(reading.request.output_schema);
    assert_null(reading.request.tags);
    assert_null(reading.request.target);
    assert_int_equal(reading.request.max_iterations, 0);
    assert_int_equal(reading.request.timeout_s, 0);
    assert_int_equal(reading.request.seed, MODEL_SEED);
    end(&reading);
}

static void every_mistake_is_told_with_its_field(void **state)
{
    static const struct {
        const char *more;  /* added to a body that is right but for it */
        const char *field; /* that has the problem */
        const char *problem;
    } CASES[] = {
        {"\"goal\":\"j\"", "goal", "differs from intent"},
        {"\"upload_id\":\"e\"", "upload_id", "differs from dataset_id"},
        {"\"data_reference\":\"e\"", "data_reference", "differs from dataset_id"},
        {"\"data_reference\":[\"d\",\"e\"]", "data_reference", "2 datasets"},
        {"\"data_reference\":[]", "data_reference", "wrong type"},
        {"\"data_reference\":7", "data_reference", "wrong type"},
        {"\"metric\":\"a\",\"eval\":\"b\"", "eval", "differs from metric"},
        {"\"name\":7", "name", "wrong type"},
        {"\"description\":[]", "description", "wrong type"},
        {"\"input_schema\":[]", "input_schema", "wrong type"},
        {"\"input_schema\":{\"a\":\"flot\"}", "input_schema", "no known type"},
        {"\"output_schema\":{\"a\":7}", "output_schema", "no known type"},
        {"\"output_schema\":{\"\":\"float\"}", "output_schema", "must have 1 to"},
        {"\"tags\":\"a\"", "tags", "wrong type"},
        {"\"tags\":[\"a\",7]", "tags", "item 1"},
        {"\"tags\":[\"\"]", "tags", "item 0"},
        {"\"max_iterations\":0", "max_iterations", "1 to 100"},
        {"\"max_iterations\":101", "max_iterations", "1 to 100"},
        {"\"max_iterations\":1.5", "max_iterations", "wrong type"},
        {"\"timeout\":\"60\"", "timeout", "wrong type"},
        {"\"timeout\":0", "timeout", "out of range"},
        {"\"seed\":-1", "seed", "out of range"},
        {"\"intnt\":\"i\"", "intnt", "did you mean intent?"},
        {"\"colour\":\"red\"", "colour", "unknown field"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++) {
        struct reading reading;
        char body[512];
        const char *problem;

        snprintf(body, sizeof body, "{\"intent\":\"i\",\"dataset_id\":\"d\",%s}", CASES[at].more);
        read_body(&reading, body);
        assert_false(reading.ok);
        assert_int_equal(reading.err.code, ERROR_VALIDATION);
        assert_int_equal(json_object_size(reading.fields.problems), 1);
        problem = json_string_value(json_object_get(reading.fields.problems, CASES[at].field));
        if (problem == NULL || strstr(problem, CASES[at].problem) == NULL)
            fail_msg("%s: %s", CASES[at].more, problem == NULL ? "no problem" : problem);
        end(&reading);
    }
}

static void what_is_missing_is_named_as_clients_expect(void **state)
{
    struct reading reading;

    (void)state;
    read_body(&reading, "{\"dataset_id\":\"d\"}");
    assert_string_equal(reading.err.message, "Missing required field: intent");
    end(&reading);
    read_body(&reading, "{\"goal\":\"g\"}");
    assert_string_equal(reading.err.message, "Missing required field: dataset_id");
    end(&reading);
    read_body(&reading, "{\"goal\":\"  \",\"dataset_id\":\"d\"}");
    assert_false(reading.ok);
    assert_non_null(json_object_get(reading.fields.problems, "goal"));
    end(&reading);
    read_body(&reading, "{\"goal\":\"g\",\"dataset_id\":\"ftp://a/b.csv\"}");
    assert_non_null(json_object_get(reading.fields.problems, "dataset_id"));
    end(&reading);
}

static void other_values_than_objects_are_refused(void **state)
{
    static const char *const BODIES[] = {"[]", "3", "null", "\"intent\"", "true"};

    (void)state;
    for (size_t at = 0; at < sizeof BODIES / sizeof *BODIES; at++) {
        struct reading reading;

        read_body(&reading, BODIES[at]);
        assert_false(reading.ok);
        assert_null(reading.fields.problems);
        end(&reading);
    }
}

static void names_of_models_are_checked(void **state)
{
    static const char *const GOOD[] = {"a", "0", "customer-churn", "a.b_c-d", "list-1", "v1.0"};
    static const char *const BAD[] = {
        "",
        "A",
        "-a",
        ".a",
        "a b",
        "a/b",
        "a:b",
        "list",
        "build",
        "build-logs",
        "caf\xc3\xa9",
        "predict",
        "0123456789012345678901234567890123456789012345678901234567890123"};

    (void)state;
    for (size_t at = 0; at < sizeof GOOD / sizeof *GOOD; at++) {
        struct fields fields = {0};

        model_name_check(&fields, GOOD[at]);
        assert_null(fields.problems);
    }
    for (size_t at = 0; at < sizeof BAD / sizeof *BAD; at++) {
        struct fields fields = {0};

        model_name_check(&fields, BAD[at]);
        assert_non_null(json_object_get(fields.problems, "model_name"));
        fields_clear(&fields);
    }
}

static void a_title_is_made_of_the_name(void **state)
{
    char title[MODEL_TITLE_BYTES];

    (void)state;
    model_title("customer-churn_predictor", title);
    assert_string_equal(title, "Customer Churn Predictor");
    model_title("a.b2", title);
    assert_string_equal(title, "A.b2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_means_the_same),
        cmocka_unit_test(what_is_not_given_has_its_default),
        cmocka_unit_test(every_mistake_is_told_with_its_field),
        cmocka_unit_test(what_is_missing_is_named_as_clients_expect),
        cmocka_unit_test(other_values_than_objects_are_refused),
        cmocka_unit_test(names_of_models_are_checked),
        cmocka_unit_test(a_title_is_made_of_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
