/* test_build_job.c - the message of a build survives the way, and bad ones are refused. */
#include "schemas/build_job.h"
#include "schemas/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct build_job example(void)
{
    return (struct build_job){
        .job_id = "job_1",
        .account = "user_1",
        .model_id = "model_1",
        .model_name = "churn",
        .version_id = "ver_1",
        .version = 3,
        .dataset_id = "upload_1",
        .files = {{"a.csv", DIGEST, 10, NULL}, {"b.csv", DIGEST, 1LL << 40, NULL}},
        .files_count = 2,
        .intent = "predict \"churn\"\n\xc3\xa4",
        .max_iterations = 5,
        .timeout_s = 120,
        .seed = 1LL << 60};
}

static json_t *example_json(void)
{
    struct build_job job = example();
    struct error err = {0};
    json_t *json = build_job_encode(&job, &err);

    assert_non_null(json);
    return json;
}

static bool decode(const json_t *json, struct build_job *job, struct error *err)
{
    char *text = json_text(json, err);
    bool ok = build_job_decode(text, strlen(text), job, err);

    free(text);
    return ok;
}

static void a_job_comes_back_as_it_was(void **state)
{
    json_t *json = example_json();
    struct build_job job;
    struct error err = {0};

    (void)state;
    assert_true(decode(json, &job, &err));
    assert_string_equal(job.job_id, "job_1");
    assert_string_equal(job.account, "user_1");
    assert_string_equal(job.model_id, "model_1");
    assert_string_equal(job.model_name, "churn");
    assert_string_equal(job.version_id, "ver_1");
    assert_int_equal(job.version, 3);
    assert_string_equal(job.dataset_id, "upload_1");
    assert_int_equal(job.files_count, 2);
    assert_string_equal(job.files[1].filename, "b.csv");
    assert_string_equal(job.files[1].digest, DIGEST);
    assert_int_equal(job.files[1].size_bytes, 1LL << 40);
    assert_string_equal(job.intent, "predict \"churn\"\n\xc3\xa4");
    assert_null(job.target);
    assert_null(job.metric);
    assert_null(job.input_schema);
    assert_null(job.output_schema);
    assert_int_equal(job.max_iterations, 5);
    assert_int_equal(job.timeout_s, 120);
    assert_int_equal(job.seed, 1LL << 60);
    build_job_clear(&job);
    build_job_clear(&job);
    json_decref(json);
}

static void what_the_client_chose_comes_back_too(void **state)
{
    struct build_job job = example();
    struct build_job decoded;
    struct error err = {0};
    json_t *input = json_pack("{s:s}", "age", "int");
    json_t *output = json_pack("{s:s}", "churn", "bool");
    json_t *json;

    (void)state;
    job.target = "churn";
    job.metric = "roc_auc";
    job.input_schema = input;
    job.output_schema = output;
    json = build_job_encode(&job, &err);
    assert_true(decode(json, &decoded, &err));
    assert_string_equal(decoded.target, "churn");
    assert_string_equal(decoded.metric, "roc_auc");
    assert_true(json_equal(decoded.input_schema, input));
    assert_true(json_equal(decoded.output_schema, output));
    build_job_clear(&decoded);
    json_decref(json);
    json_decref(input);
    json_decref(output);
}

static void a_retrain_names_its_base(void **state)
{
    struct build_job job = example();
    struct build_job decoded;
    struct error err = {0};
    json_t *input = json_pack("{s:s}", "age", "integer");
    json_t *json;

    (void)state;
    job.base = (struct build_job_base){2, "predict churn", "churn", "binary", input};
    json = build_job_encode(&job, &err);
    assert_true(decode(json, &decoded, &err));
    assert_int_equal(decoded.base.version, 2);
    assert_string_equal(decoded.base.intent, "predict churn");
    assert_string_equal(decoded.base.target, "churn");
    assert_string_equal(decoded.base.task, "binary");
    assert_true(json_equal(decoded.base.input_schema, input));
    build_job_clear(&decoded);
    json_object_del(json_object_get(json, "base"), "target");
    assert_false(decode(json, &decoded, &err));
    json_decref(json);
    json_decref(input);
}

static void fields_of_later_programs_are_passed_over(void **state)
{
    json_t *json = example_json();
    struct build_job job;
    struct error err = {0};

    (void)state;
    json_object_set_new(json, "invented_later", json_true());
    assert_true(decode(json, &job, &err));
    build_job_clear(&job);
    json_decref(json);
}

static void a_newer_schema_is_refused(void **state)
{
    json_t *json = example_json();
    struct build_job job;
    struct error err = {0};

    (void)state;
    json_object_set_new(json, "schema", json_integer(BUILD_JOB_SCHEMA + 1));
    assert_false(decode(json, &job, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
    assert_non_null(strstr(err.message, "newer"));
    json_decref(json);
}

static void what_is_missing_is_named(void **state)
{
    static const char *const NAMES[] = {"schema",   "job_id",     "account",
                                        "model_id", "model_name", "version_id",
                                        "version",  "dataset",    "spec"};

    (void)state;
    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++) {
        json_t *json = example_json();
        struct build_job job;
        struct error err = {0};

        json_object_del(json, NAMES[at]);
        assert_false(decode(json, &job, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
        assert_non_null(strstr(err.message, NAMES[at]));
        json_decref(json);
    }
}

static void files_must_be_there_have_digests_and_not_be_too_many(void **state)
{
    json_t *json = example_json();
    json_t *files = json_object_get(json_object_get(json, "dataset"), "files");
    struct build_job job;
    struct error err = {0};

    (void)state;
    json_object_set_new(json_array_get(files, 0), "digest", json_string("../../etc/passwd"));
    assert_false(decode(json, &job, &err));
    assert_non_null(strstr(err.message, "sha256"));
    json_array_clear(files);
    assert_false(decode(json, &job, &err));
    assert_non_null(strstr(err.message, "at least one"));
    for (int at = 0; at <= JOB_FILES_MOST; at++)
        json_array_append_new(files, json_object());
    assert_false(decode(json, &job, &err));
    assert_non_null(strstr(err.message, "more than 50"));
    json_decref(json);
}

static void what_is_no_message_is_refused(void **state)
{
    static const char *const TEXTS[] = {"", "null", "[]", "{}", "not json", "{\"schema\":\"1\"}"};
    static char large[MESSAGE_BYTES_MOST + 1];
    struct build_job job;

    (void)state;
    for (size_t at = 0; at < sizeof TEXTS / sizeof *TEXTS; at++) {
        struct error err = {0};

        assert_false(build_job_decode(TEXTS[at], strlen(TEXTS[at]), &job, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
        assert_string_not_equal(err.message, "");
    }
    memset(large, ' ', sizeof large);
    assert_false(build_job_decode(large, sizeof large, &job, &(struct error){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_comes_back_as_it_was),
        cmocka_unit_test(what_the_client_chose_comes_back_too),
        cmocka_unit_test(a_retrain_names_its_base),
        cmocka_unit_test(fields_of_later_programs_are_passed_over),
        cmocka_unit_test(a_newer_schema_is_refused),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(files_must_be_there_have_digests_and_not_be_too_many),
        cmocka_unit_test(what_is_no_message_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
