/* test_child_messages.c - what a worker and its child tell each other survives the way. */
#include "schemas/build_task.h"
#include "schemas/child_event.h"
#include "schemas/fields.h"
#include "schemas/predict_task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void decode_line(const struct child_event *event, struct child_event *decoded)
{
    struct buffer line = {0};
    struct error err = {0};

    child_event_encode(event, &line);
    assert_int_equal(line.data[line.length - 1], '\n');
    assert_null(memchr(line.data, '\n', line.length - 1));
    assert_true(child_event_decode(line.data, line.length - 1, decoded, &err));
    buffer_clear(&line);
}

static void a_log_line_comes_back_as_it_was(void **state)
{
    struct child_event decoded;

    (void)state;
    decode_line(&(struct child_event){.kind = CHILD_LOG,
                                      .level = "WARNING",
                                      .message = "a \"quoted\"\nline \xc3\xa4"},
                &decoded);
    assert_int_equal(decoded.kind, CHILD_LOG);
    assert_string_equal(decoded.level, "WARNING");
    assert_string_equal(decoded.message, "a \"quoted\"\nline \xc3\xa4");
    child_event_clear(&decoded);
}

static void progress_report_and_error_come_back_as_they_were(void **state)
{
    struct child_event decoded;

    (void)state;
    decode_line(&(struct child_event){.kind = CHILD_PROGRESS, .percent = 42, .stage = "search"},
                &decoded);
    assert_int_equal(decoded.percent, 42);
    assert_string_equal(decoded.stage, "search");
    child_event_clear(&decoded);
    decode_line(
        &(struct child_event){.kind = CHILD_REPORT, .report_text = "{\"target\":\"churn\"}"},
        &decoded);
    assert_string_equal(json_string_value(json_object_get(decoded.report, "target")), "churn");
    child_event_clear(&decoded);
    decode_line(&(struct child_event){.kind = CHILD_ERROR,
                                      .code = "validation_error",
                                      .message = "no target"},
                &decoded);
    assert_string_equal(decoded.code, "validation_error");
    assert_string_equal(decoded.message, "no target");
    child_event_clear(&decoded);
}

static void what_is_no_event_is_refused(void **state)
{
    static const char *const LINES[] = {"",
                                        "{",
                                        "[]",
                                        "{}",
                                        "{\"event\":\"song\"}",
                                        "{\"event\":\"progress\",\"percent\":101,\"stage\":\"x\"}",
                                        "{\"event\":\"report\"}",
                                        "{\"event\":\"log\",\"level\":7}"};
    struct child_event decoded;

    (void)state;
    for (size_t at = 0; at < sizeof LINES / sizeof *LINES; at++) {
        struct error err = {0};

        assert_false(child_event_decode(LINES[at], strlen(LINES[at]), &decoded, &err));
        assert_true(err.code != ERROR_NONE);
    }
}

static void a_task_comes_back_with_its_job(void **state)
{
    struct build_job job = {.job_id = "job_1",
                            .account = "user_1",
                            .model_id = "mdl_1",
                            .model_name = "churn",
                            .version_id = "ver_1",
                            .version = 1,
                            .dataset_id = "ds_1",
                            .intent = "predict churn",
                            .files_count = 1,
                            .seed = 42};
    struct build_task task = {.memory_mb = 100, .timeout_s = 60, .artifact = "/tmp/with \"quote\""};
    struct build_task decoded;
    struct error err = {0};
    json_t *json;
    char *message;
    char *line;

    (void)state;
    job.files[0] = (struct job_file){"churn.csv", DIGEST, 10, NULL};
    json = build_job_encode(&job, &err);
    message = json_text(json, &err);
    task.job = job;
    task.paths[0] = "/data/blob";
    line = build_task_encode(&task, message, &err);
    assert_non_null(line);
    assert_true(build_task_decode(line, strlen(line) - 1, &decoded, &err));
    assert_string_equal(decoded.artifact, "/tmp/with \"quote\"");
    assert_string_equal(decoded.paths[0], "/data/blob");
    assert_string_equal(decoded.job.intent, "predict churn");
    assert_int_equal(decoded.job.seed, 42);
    build_task_clear(&decoded);
    free(line);
    free(message);
    json_decref(json);
}

static void a_batch_comes_back_with_its_job(void **state)
{
    struct predict_job job = {.job_id = "job_1",
                              .account = "user_1",
                              .model_id = "mdl_1",
                              .model_name = "churn",
                              .version_id = "ver_1",
                              .version = 2,
                              .artifact_digest = DIGEST,
                              .has_output_schema = true,
                              .input = PREDICT_TABLE,
                              .rows = 1000,
                              .dataset_id = "upload_1",
                              .files = {{"a.csv", DIGEST, 10}, {"b.csv", DIGEST, 20}},
                              .files_count = 2,
                              .format = "parquet"};
    struct predict_task task = {.paths = {"/data/a", "/data/b"},
                                .artifact = "/data/model",
                                .output = "/tmp/out \"1\"",
                                .scratch = "/tmp/scratch",
                                .memory_mb = 100,
                                .timeout_s = 60};
    struct predict_task decoded;
    struct error err = {0};
    json_t *json = predict_job_encode(&job, &err);
    char *message = json_text(json, &err);
    char *line;

    (void)state;
    task.job = job;
    line = predict_task_encode(&task, message, &err);
    assert_non_null(line);
    assert_true(predict_task_decode(line, strlen(line) - 1, &decoded, &err));
    assert_string_equal(decoded.output, task.output);
    assert_string_equal(decoded.scratch, task.scratch);
    assert_string_equal(decoded.artifact, task.artifact);
    assert_string_equal(decoded.paths[1], "/data/b");
    assert_string_equal(decoded.job.files[1].filename, "b.csv");
    assert_string_equal(decoded.job.format, "parquet");
    assert_int_equal(decoded.job.rows, 1000);
    assert_true(decoded.job.has_output_schema);
    predict_task_clear(&decoded);
    free(line);
    free(message);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_line_comes_back_as_it_was),
        cmocka_unit_test(progress_report_and_error_come_back_as_they_were),
        cmocka_unit_test(what_is_no_event_is_refused),
        cmocka_unit_test(a_task_comes_back_with_its_job),
        cmocka_unit_test(a_batch_comes_back_with_its_job),
    };

    return cmocka_run_group_tests_name("child_messages", tests, NULL, NULL);
}
