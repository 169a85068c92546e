/* test_deploy_job.c - the message of a deployment survives the way, and bad ones are refused. */
#include "schemas/build_job.h"
#include "schemas/deploy_job.h"
#include "schemas/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static json_t *example(void)
{
    struct deploy_job job = {.job_id = "job_1",
                             .account = "user_1",
                             .model_id = "mdl_1",
                             .model_name = "churn",
                             .version_id = "ver_1",
                             .version = 3,
                             .artifact_digest = DIGEST,
                             .deployment_id = "dep_1",
                             .environment = "staging",
                             .replicas = 2,
                             .auto_scale = false};
    struct error err = {0};
    json_t *json = deploy_job_encode(&job, &err);

    assert_non_null(json);
    return json;
}

static bool decode(const json_t *json, struct deploy_job *job, struct error *err)
{
    char *text = json_text(json, err);
    bool ok = deploy_job_decode(text, strlen(text), job, err);

    free(text);
    return ok;
}

static void a_job_comes_back_as_it_was(void **state)
{
    json_t *json = example();
    struct deploy_job job;
    struct error err = {0};

    (void)state;
    assert_true(decode(json, &job, &err));
    assert_string_equal(job.job_id, "job_1");
    assert_string_equal(job.account, "user_1");
    assert_string_equal(job.model_id, "mdl_1");
    assert_string_equal(job.model_name, "churn");
    assert_string_equal(job.version_id, "ver_1");
    assert_int_equal(job.version, 3);
    assert_string_equal(job.artifact_digest, DIGEST);
    assert_string_equal(job.deployment_id, "dep_1");
    assert_string_equal(job.environment, "staging");
    assert_int_equal(job.replicas, 2);
    assert_false(job.auto_scale);
    deploy_job_clear(&job);
    deploy_job_clear(&job);
    json_decref(json);
}

static void fields_of_later_programs_are_passed_over(void **state)
{
    json_t *json = example();
    struct deploy_job job;
    struct error err = {0};

    (void)state;
    json_object_set_new(json, "later", json_true());
    assert_true(decode(json, &job, &err));
    deploy_job_clear(&job);
    json_decref(json);
}

static void what_is_missing_or_wrong_is_named(void **state)
{
    static const struct {
        const char *field;
        const char *value; /* NULL: left out */
    } CASES[] = {{"schema", "2"},          {"job_id", NULL},
                 {"account", "3"},         {"model_id", NULL},
                 {"model_name", NULL},     {"version_id", "\"\""},
                 {"version", "0"},         {"artifact_digest", "\"x\""},
                 {"deployment_id", NULL},  {"environment", NULL},
                 {"replicas", "0"},        {"replicas", "101"},
                 {"auto_scale", "\"no\""}, {"auto_scale", NULL}};

    (void)state;
    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++) {
        json_t *json = example();
        struct deploy_job job;
        struct error err = {0};

        if (CASES[at].value == NULL)
            json_object_del(json, CASES[at].field);
        else
            json_object_set_new(json, CASES[at].field,
                                json_loads(CASES[at].value, JSON_DECODE_ANY, NULL));
        assert_false(decode(json, &job, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
        assert_non_null(strstr(err.message, CASES[at].field));
        assert_null(job.json);
        json_decref(json);
    }
}

static void what_is_no_message_is_refused(void **state)
{
    static char large[MESSAGE_BYTES_MOST + 2];
    static const char *const TEXTS[] = {"", "{", "[]", "null", "{}"};
    struct deploy_job job;

    (void)state;
    for (size_t at = 0; at < sizeof TEXTS / sizeof *TEXTS; at++) {
        struct error err = {0};

        assert_false(deploy_job_decode(TEXTS[at], strlen(TEXTS[at]), &job, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
    }
    struct error err = {0};
    memset(large, ' ', sizeof large - 1);
    assert_false(deploy_job_decode(large, sizeof large - 1, &job, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_comes_back_as_it_was),
        cmocka_unit_test(fields_of_later_programs_are_passed_over),
        cmocka_unit_test(what_is_missing_or_wrong_is_named),
        cmocka_unit_test(what_is_no_message_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
