/*
 * messages.c - fuzz target: messages of the topics and lines of children. What can be read and is
 * written again reads as the same.
 */
#include "schemas/build_task.h"
#include "schemas/child_event.h"
#include "schemas/dead_letter.h"
#include "schemas/deploy_job.h"
#include "schemas/log_record.h"
#include "schemas/predict_task.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void read_build_job(const char *text, size_t size)
{
    struct error err = {0};
    struct build_job job;
    struct build_job again;
    json_t *json;
    char *same;

    if (!build_job_decode(text, size, &job, &err)) {
        FUZZ_REQUIRE(err.code == ERROR_VALIDATION);
        return;
    }
    json = build_job_encode(&job, &err);
    same = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    FUZZ_REQUIRE(same != NULL && build_job_decode(same, strlen(same), &again, &err));
    FUZZ_REQUIRE(strcmp(job.job_id, again.job_id) == 0 && job.version == again.version &&
                 job.files_count == again.files_count && job.seed == again.seed);
    build_job_clear(&again);
    free(same);
    json_decref(json);
    build_job_clear(&job);
}

static void read_build_task(const char *text, size_t size)
{
    struct error err = {0};
    struct build_task task;

    if (build_task_decode(text, size, &task, &err))
        for (size_t at = 0; at < task.job.files_count; at++)
            FUZZ_REQUIRE(task.paths[at] != NULL);
    build_task_clear(&task);
}

static void read_deploy_job(const char *text, size_t size)
{
    struct error err = {0};
    struct deploy_job job;
    struct deploy_job again;
    json_t *json;
    char *same;

    if (!deploy_job_decode(text, size, &job, &err)) {
        FUZZ_REQUIRE(err.code == ERROR_VALIDATION);
        return;
    }
    json = deploy_job_encode(&job, &err);
    same = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    FUZZ_REQUIRE(same != NULL && deploy_job_decode(same, strlen(same), &again, &err));
    FUZZ_REQUIRE(strcmp(job.deployment_id, again.deployment_id) == 0 &&
                 job.replicas == again.replicas && job.auto_scale == again.auto_scale);
    deploy_job_clear(&again);
    free(same);
    json_decref(json);
    deploy_job_clear(&job);
}

static void read_predict_job(const char *text, size_t size)
{
    struct error err = {0};
    struct predict_job job;
    struct predict_job again;
    json_t *json;
    char *same;

    if (!predict_job_decode(text, size, &job, &err)) {
        FUZZ_REQUIRE(err.code == ERROR_VALIDATION);
        return;
    }
    json = predict_job_encode(&job, &err);
    same = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    FUZZ_REQUIRE(same != NULL && predict_job_decode(same, strlen(same), &again, &err));
    FUZZ_REQUIRE(job.input == again.input && job.rows == again.rows &&
                 job.files_count == again.files_count && strcmp(job.format, again.format) == 0);
    predict_job_clear(&again);
    free(same);
    json_decref(json);
    predict_job_clear(&job);
}

static void read_predict_task(const char *text, size_t size)
{
    struct error err = {0};
    struct predict_task task;

    if (predict_task_decode(text, size, &task, &err))
        FUZZ_REQUIRE(task.output != NULL && task.artifact != NULL);
    predict_task_clear(&task);
}

static void read_child_event(const char *text, size_t size)
{
    struct error err = {0};
    struct child_event event;
    struct child_event again;
    struct buffer line = {0};

    if (!child_event_decode(text, size, &event, &err))
        return;
    event.report_text = "{}";
    child_event_encode(&event, &line);
    FUZZ_REQUIRE(!line.failed && child_event_decode(line.data, line.length - 1, &again, &err));
    FUZZ_REQUIRE(event.kind == again.kind &&
                 (event.kind != CHILD_PROGRESS || event.percent == again.percent));
    child_event_clear(&again);
    buffer_clear(&line);
    child_event_clear(&event);
}

static void read_dead_letter(const char *text, size_t size)
{
    struct error err = {0};
    struct dead_letter letter;

    if (dead_letter_decode(text, size, &letter, &err))
        FUZZ_REQUIRE(letter.pool != NULL && letter.value_length == strlen(letter.value));
    else
        FUZZ_REQUIRE(err.code == ERROR_VALIDATION);
    dead_letter_clear(&letter);
}

static void read_log_record(const char *text, size_t size)
{
    struct error err = {0};
    struct log_record record;
    struct log_record again;
    struct buffer line = {0};

    if (!log_record_decode(text, size, &record, &err)) {
        FUZZ_REQUIRE(err.code == ERROR_VALIDATION);
        return;
    }
    log_record_encode(&record, &line);
    FUZZ_REQUIRE(!line.failed && log_record_decode(line.data, line.length, &again, &err));
    FUZZ_REQUIRE(strcmp(record.job_id, again.job_id) == 0 && record.seq == again.seq &&
                 record.at_ms == again.at_ms && strcmp(record.level, again.level) == 0);
    log_record_clear(&again);
    buffer_clear(&line);
    log_record_clear(&record);
}

/* What could not be read is buried; the letter can be read. */
static void bury(const char *text, size_t size)
{
    struct dead_letter letter = {.pool = "build",
                                 .code = "validation_error",
                                 .message = "unreadable",
                                 .value = text,
                                 .value_length = size};
    struct dead_letter again;
    struct error err = {0};
    char *written = dead_letter_encode(&letter, &err);

    FUZZ_REQUIRE(written != NULL && dead_letter_decode(written, strlen(written), &again, &err));
    dead_letter_clear(&again);
    free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    read_build_job(text, size);
    read_build_task(text, size);
    read_deploy_job(text, size);
    read_predict_job(text, size);
    read_predict_task(text, size);
    read_child_event(text, size);
    read_dead_letter(text, size);
    read_log_record(text, size);
    if (size > 0)
        bury(text, size);
    return 0;
}
