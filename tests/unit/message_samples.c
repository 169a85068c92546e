/* message_samples.c - see message_samples.h. */
#include "tests/unit/message_samples.h"

#include "schemas/build_job.h"
#include "schemas/dead_letter.h"
#include "schemas/deploy_job.h"
#include "schemas/fields.h"
#include "schemas/log_record.h"
#include "schemas/predict_job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

json_t *sample_parse(const char *text, size_t length)
{
    struct error err = {0};
    json_t *json = json_parse(text, length, &err);

    if (json == NULL)
        fail_msg("%s: %s", text, err.message);
    return json;
}

static json_t *build_job(bool all)
{
    json_t *types = json_pack("{s:s}", "age", "int");
    struct build_job job = {.job_id = "job_1",
                            .account = "user_1",
                            .model_id = "model_1",
                            .model_name = "churn",
                            .version_id = "ver_1",
                            .version = 3,
                            .dataset_id = "upload_1",
                            .files = {{"a.csv", DIGEST, 10, NULL}},
                            .files_count = 1,
                            .intent = "predict churn",
                            .target = all ? "churn" : NULL,
                            .metric = all ? "roc_auc" : NULL,
                            .input_schema = all ? types : NULL,
                            .output_schema = all ? types : NULL};
    struct error err = {0};
    json_t *json;

    if (all)
        job.base = (struct build_job_base){2, "predict churn", "churn", "binary", types};
    json = build_job_encode(&job, &err);

    assert_non_null(json);
    json_decref(types);
    return json;
}

static json_t *predict_job(bool all)
{
    struct predict_job job = {.job_id = "job_1",
                              .account = "user_1",
                              .model_id = "model_1",
                              .model_name = "churn",
                              .version_id = "ver_1",
                              .version = 3,
                              .artifact_digest = DIGEST,
                              .has_output_schema = all,
                              .input = all ? PREDICT_TABLE : PREDICT_ROWS,
                              .rows = all ? 0 : 7,
                              .dataset_id = all ? "upload_1" : NULL,
                              .files = {{"a.csv", DIGEST, 10, NULL}},
                              .files_count = 1,
                              .format = all ? "parquet" : "ndjson"};
    struct error err = {0};
    json_t *json = predict_job_encode(&job, &err);

    assert_non_null(json);
    return json;
}

static json_t *deploy_job(bool all)
{
    struct deploy_job job = {.job_id = "job_1",
                             .account = "user_1",
                             .model_id = "mdl_1",
                             .model_name = "churn",
                             .version_id = "ver_1",
                             .version = 3,
                             .artifact_digest = DIGEST,
                             .deployment_id = "dep_1",
                             .environment = "production",
                             .replicas = all ? DEPLOY_REPLICAS_MOST : 1,
                             .auto_scale = all};
    struct error err = {0};
    json_t *json = deploy_job_encode(&job, &err);

    assert_non_null(json);
    return json;
}

static json_t *log_record(bool all)
{
    struct log_record record = {.job_id = "job_1",
                                .run = 1,
                                .account = "user_1",
                                .model = all ? "churn" : "",
                                .at_ms = 1700000000123,
                                .level = "INFO",
                                .message = all ? "a \xff line" : "",
                                .progress = all ? 42 : -1,
                                .stage = all ? "search" : NULL};
    struct buffer text = {0};
    json_t *json;

    log_record_encode(&record, &text);
    json = sample_parse(text.data, text.length);
    buffer_clear(&text);
    return json;
}

static json_t *dead_letter(bool all)
{
    struct dead_letter letter = {.pool = "build",
                                 .code = "validation_error",
                                 .message = "not valid JSON",
                                 .value = all ? "{\xff" : NULL,
                                 .value_length = all ? 2 : 0};
    struct error err = {0};
    char *text = dead_letter_encode(&letter, &err);
    json_t *json = sample_parse(text, strlen(text));

    free(text);
    return json;
}

static bool reads_build_job(const char *text, size_t length, struct error *err)
{
    struct build_job job;
    bool ok = build_job_decode(text, length, &job, err);

    build_job_clear(&job);
    return ok;
}

static bool reads_predict_job(const char *text, size_t length, struct error *err)
{
    struct predict_job job;
    bool ok = predict_job_decode(text, length, &job, err);

    predict_job_clear(&job);
    return ok;
}

static bool reads_deploy_job(const char *text, size_t length, struct error *err)
{
    struct deploy_job job;
    bool ok = deploy_job_decode(text, length, &job, err);

    deploy_job_clear(&job);
    return ok;
}

static bool reads_log_record(const char *text, size_t length, struct error *err)
{
    struct log_record record;
    bool ok = log_record_decode(text, length, &record, err);

    log_record_clear(&record);
    return ok;
}

static bool reads_dead_letter(const char *text, size_t length, struct error *err)
{
    struct dead_letter letter;
    bool ok = dead_letter_decode(text, length, &letter, err);

    dead_letter_clear(&letter);
    return ok;
}

const struct codec CODECS[CODECS_COUNT] = {
    {"build_job", build_job, reads_build_job},
    {"predict_job", predict_job, reads_predict_job},
    {"deploy_job", deploy_job, reads_deploy_job},
    {"log_record", log_record, reads_log_record},
    {"dead_letter", dead_letter, reads_dead_letter},
};
