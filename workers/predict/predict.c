/* predict.c - see predict.h. */
#include "workers/predict/predict.h"

#include "infra/base/clock.h"
#include "infra/metrics/metrics.h"
#include "schemas/fields.h"
#include "workers/predict/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_DAYS = 7 };

static bool decode_head(const char *message, size_t length, struct job_head *head,
                        struct error *err)
{
    struct predict_job job;
    bool ok;

    if (!predict_job_decode(message, length, &job, err))
        return false;
    ok = job_head_set(head, job.job_id, job.account, err);
    predict_job_clear(&job);
    return ok;
}

static bool find_artifact(struct batch *batch, struct error *err)
{
    if (blobs_path(batch->services->blobs, batch->job.artifact_digest, batch->artifact, err))
        return true;
    if (err->code == ERROR_NOT_FOUND)
        error_set(err, ERROR_VALIDATION, "the file of model %.60s v%d.0 is gone: build it again",
                  batch->job.model_name, batch->job.version);
    return false;
}

/* What the job answers with. The path is below the API's own address, which workers do not know. */
static bool set_result(struct batch *batch, struct error *err)
{
    const struct predict_job *job = &batch->job;
    char expires[CLOCK_TEXT_BYTES];
    char version[16];
    json_t *result;
    char *text;

    snprintf(version, sizeof version, "v%d.0", job->version);
    clock_text(clock_wall_ms() + (int64_t)KEPT_DAYS * 86400 * 1000, expires);
    result = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:I}", "model_name", job->model_name,
                       "model_version", version, "rows", (json_int_t)batch->rows, "failed_rows",
                       (json_int_t)batch->failed_rows, "output_format", job->format, "digest",
                       batch->digest, "size_bytes", (json_int_t)batch->size_bytes);
    if (result == NULL)
        return error_no_memory(err);
    json_object_set_new(result, "results_url", json_sprintf("/jobs/%s/results", job->job_id));
    json_object_set_new(result, "expires_at", json_sprintf("%.19sZ", expires));
    text = json_text(result, err);
    json_decref(result);
    run_set_result_take(batch->run, text);
    return text != NULL;
}

static bool run_batch(struct run *run, void *context, struct error *err)
{
    struct batch batch = {.run = run, .services = context};
    const char *message = run_job(run)->message;
    int64_t start_ms = clock_monotonic_ms();
    bool ok = predict_job_decode(message, strlen(message), &batch.job, err);

    if (ok) {
        run_log(run, "INFO", "predictions by %s v%d.0 start (run %d)", batch.job.model_name,
                batch.job.version, run_job(run)->run);
        ok = find_artifact(&batch, err) &&
             (batch.job.input == PREDICT_ROWS ? batch_of_rows(&batch, err)
                                              : batch_of_table(&batch, err)) &&
             set_result(&batch, err);
    }
    if (ok) {
        metrics_count(batch.services->metrics, "trainyard_predictions_total", "",
                      (double)(batch.rows - batch.failed_rows));
        run_progress(run, 100, "done");
        run_log(run, "INFO", "%lld rows predicted in %.3f s", (long long)batch.rows,
                (double)(clock_monotonic_ms() - start_ms) / 1000);
    }
    predict_job_clear(&batch.job);
    return ok;
}

struct handler predict_handler(struct predict_services *services)
{
    return (struct handler){
        .pool = "predict", .decode = decode_head, .run = run_batch, .context = services};
}
