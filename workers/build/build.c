/* build.c - see build.h. */
#include "workers/build/build.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/blob/blob.h"
#include "schemas/build_task.h"
#include "schemas/fields.h"
#include "workers/build/fetch.h"
#include "workers/runtime/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPARE_S = 30 }; /* a build ends itself at its time limit; it is killed that much later */

/* One build. */
struct build {
    struct run *run;
    const struct build_services *services;
    struct build_task task;
    char paths[JOB_FILES_MOST][BLOB_PATH_BYTES];
    char artifact[BLOB_PATH_BYTES];
    char fetched[DIGEST_BYTES]; /* of what a URL gave; empty: there is none */
    char digest[DIGEST_BYTES];
    size_t size_bytes;
    json_t *report;
};

static bool decode_head(const char *message, size_t length, struct job_head *head,
                        struct error *err)
{
    struct build_job job;
    bool ok;

    if (!build_job_decode(message, length, &job, err))
        return false;
    ok = job_head_set(head, job.job_id, job.account, err);
    build_job_clear(&job);
    return ok;
}

static void on_event(void *context, const struct child_event *event)
{
    struct build *build = context;

    if (event->kind != CHILD_REPORT)
        return;
    json_decref(build->report);
    build->report = json_incref((json_t *)event->report);
}

/* Brings a file that a URL names here; a job names one at most. */
static bool fetch(struct build *build, struct job_file *file, struct error *err)
{
    if (!fetch_table(build->run, build->services, file->url, build->fetched, &file->size_bytes,
                     err))
        return false;
    file->digest = build->fetched;
    return true;
}

/* Tells in the report and the result which bytes were fetched. */
static void note_fetched(const struct build *build, json_t *object)
{
    const struct job_file *file = &build->task.job.files[0];

    if (object != NULL && *build->fetched != '\0')
        json_object_set_new(object, "dataset",
                            json_pack("{s:s, s:s, s:I}", "url", file->url, "digest", build->fetched,
                                      "size_bytes", (json_int_t)file->size_bytes));
}

/* Finds the dataset's files here, and a place for the artifact. */
static bool prepare(struct build *build, struct error *err)
{
    struct build_task *task = &build->task;
    int own = task->job.timeout_s;

    for (size_t at = 0; at < task->job.files_count; at++) {
        if (task->job.files[at].url != NULL && !fetch(build, &task->job.files[at], err))
            return false;
        if (!blobs_path(build->services->blobs, task->job.files[at].digest, build->paths[at],
                        err)) {
            if (err->code == ERROR_NOT_FOUND)
                error_set(err, ERROR_VALIDATION,
                          "the file %.100s of the dataset is gone: upload it again",
                          task->job.files[at].filename);
            return false;
        }
        task->paths[at] = build->paths[at];
    }
    task->artifact = build->artifact;
    task->memory_mb = build->services->memory_mb;
    task->timeout_s =
        own > 0 && own < build->services->timeout_s ? own : build->services->timeout_s;
    return blobs_temp(build->services->blobs, build->artifact, err);
}

static bool run_child(struct build *build, struct error *err)
{
    static const char *const ARGUMENTS[] = {"child", "build", NULL};
    char *input = build_task_encode(&build->task, run_job(build->run)->message, err);
    bool ok;

    if (input == NULL)
        return false;
    ok = child_run(build->run,
                   &(struct child_task){.arguments = ARGUMENTS,
                                        .input = input,
                                        .timeout_s = build->task.timeout_s + SPARE_S,
                                        .on_event = on_event,
                                        .context = build},
                   err);
    free(input);
    if (ok && build->report == NULL)
        return error_set(err, ERROR_INTERNAL, "the build ended without a report");
    return ok;
}

/* {"model_version", "algorithm", "metrics", ...} for the job; all of the report for the version. */
static bool set_results(struct build *build, double seconds, struct error *err)
{
    const struct build_job *job = &build->task.job;
    char version[16];
    json_t *result;
    json_t *kept;
    char *result_text = NULL;
    char *kept_text = NULL;

    snprintf(version, sizeof version, "v%d.0", job->version);
    result = json_pack("{s:s, s:s, s:s, s:O?, s:O?, s:O?}", "model_name", job->model_name,
                       "model_version", version, "artifact_digest", build->digest, "algorithm",
                       json_object_get(build->report, "algorithm"), "metric",
                       json_object_get(build->report, "metric"), "metrics",
                       json_object_get(build->report, "metrics"));
    note_fetched(build, result);
    note_fetched(build, build->report);
    kept = json_pack("{s:s, s:I, s:O, s:f}", "digest", build->digest, "bytes",
                     (json_int_t)build->size_bytes, "report", build->report, "training_s", seconds);
    if (result != NULL && kept != NULL) {
        result_text = json_text(result, err);
        kept_text = json_text(kept, err);
    } else {
        error_no_memory(err);
    }
    json_decref(result);
    json_decref(kept);
    run_set_result_take(build->run, result_text);
    run_set_version_take(build->run, kept_text);
    return result_text != NULL && kept_text != NULL;
}

static bool run_build(struct run *run, void *context, struct error *err)
{
    struct build build = {.run = run, .services = context};
    const char *message = run_job(run)->message;
    int64_t start_ms = clock_monotonic_ms();
    bool ok;

    ok = build_job_decode(message, strlen(message), &build.task.job, err);
    if (ok) {
        run_log(run, "INFO", "build of %s v%d.0 starts (run %d): %s", build.task.job.model_name,
                build.task.job.version, run_job(run)->run, build.task.job.intent);
        ok = prepare(&build, err) && run_child(&build, err) &&
             blobs_adopt(build.services->blobs, build.artifact, build.digest, &build.size_bytes,
                         err);
    }
    if (ok)
        ok = set_results(&build, (double)(clock_monotonic_ms() - start_ms) / 1000, err);
    if (ok) {
        run_progress(run, 100, "done");
        run_log(run, "INFO", "model is ready: %zu KB, sha256 %s", build.size_bytes / 1024,
                build.digest);
    } else if (*build.artifact != '\0') {
        unlink(build.artifact); /* gone already when it was adopted */
    }
    json_decref(build.report);
    build_job_clear(&build.task.job);
    return ok;
}

struct handler build_handler(struct build_services *services)
{
    return (struct handler){
        .pool = "build", .decode = decode_head, .run = run_build, .context = services};
}

struct handler retrain_handler(struct build_services *services)
{
    return (struct handler){
        .pool = "retrain", .decode = decode_head, .run = run_build, .context = services};
}
