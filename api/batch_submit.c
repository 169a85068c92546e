/* batch_submit.c - see batch_submit.h. */
#include "api/batch_submit.h"

#include "api/dataset.h"
#include "api/job_submit.h"
#include "api/services.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/store/served.h"
#include "schemas/predict_job.h"

#include <stdlib.h>
#include <string.h>

static bool find_version(struct pg *db, const char *account, const struct batch_order *order,
                         struct served *served, struct error *err)
{
    if (!served_find(db, account, order->model, order->version, served, err))
        return false;
    return (served->status == VERSION_READY && served->artifact_digest != NULL) ||
           error_set(err, ERROR_CONFLICT,
                     "version v%d.0 of model %.70s is %s: predictions need one that is READY",
                     served->version, order->model,
                     state_word(MACHINE_VERSION, (int)served->status));
}

static void name_rows(const struct batch_rows *rows, struct predict_job *job)
{
    job->input = PREDICT_ROWS;
    job->rows = rows->count;
    job->files_count = 1;
    job->files[0] = (struct job_file){
        .filename = "rows", .digest = rows->digest, .size_bytes = rows->size_bytes};
}

/* How many rows the files of an upload have together. */
static int64_t count_rows(const struct upload *upload)
{
    int64_t rows = 0;
    size_t index;
    json_t *file;

    json_array_foreach(upload->files, index, file) rows +=
        json_integer_value(json_object_get(file, "rows"));
    return rows;
}

static bool name_table(struct pg *db, const struct batch_order *order, struct upload *upload,
                       struct predict_job *job, struct error *err)
{
    if (!dataset_find(db, job->account, order->dataset_field, order->dataset_id, upload, err))
        return false;
    job->input = PREDICT_TABLE;
    job->dataset_id = upload->id;
    job->rows = count_rows(upload);
    job->files_count = dataset_files(upload, job->files);
    return true;
}

static char *make_message(const struct predict_job *job, struct error *err)
{
    json_t *json = predict_job_encode(job, err);
    char *text = json == NULL ? NULL : json_text(json, err);

    json_decref(json);
    if (text == NULL || strlen(text) <= MESSAGE_BYTES_MOST)
        return text;
    free(text);
    error_set(err, ERROR_VALIDATION, "the names of the dataset's files are too long for a job");
    return NULL;
}

static bool insert(struct call *call, struct pg *db, const struct predict_job *job,
                   const char *message, struct job_submission *submission, struct error *err)
{
    submission->job = (struct new_job){
        .id = job->job_id,
        .account = job->account,
        .pool = "predict",
        .kind = "model_predict",
        .model_id = job->model_id,
        .model_name = job->model_name,
        .message = message,
        .topic_key = job->job_id,
    };
    return job_submit_insert(call, db, submission, err);
}

static json_t *answer(struct call *call, const struct predict_job *job)
{
    const char *url = call_services(call)->config->public_url;
    char time[CLOCK_TEXT_BYTES];
    json_t *answer = json_pack("{s:s, s:s, s:s, s:s}", "job_id", job->job_id, "status", "PENDING",
                               "model_name", job->model_name, "output_format", job->format);

    json_object_set_new(answer, "model_version", json_sprintf("v%d.0", job->version));
    json_object_set_new(answer, "created_at",
                        json_sprintf("%.19sZ", clock_text(clock_wall_ms(), time)));
    json_object_set_new(answer, "results_url",
                        json_sprintf("%s/jobs/%s/results", url, job->job_id));
    return answer;
}

bool batch_submit(struct call *call, const struct batch_order *order, struct id *job_id,
                  struct error *err)
{
    struct job_submission submission = {0};
    struct upload upload = {0};
    struct served served = {0};
    struct predict_job job = {.account = call_account(call), .format = order->format};
    struct pg *db = call_begin(call, err);
    char *message = NULL;
    bool ok = false;

    *job_id = id_new("job");
    if (db == NULL)
        return false;
    if (order->rows != NULL)
        name_rows(order->rows, &job);
    else if (!name_table(db, order, &upload, &job, err))
        goto cleanup;
    if (!find_version(db, job.account, order, &served, err))
        goto cleanup;
    job.job_id = job_id->text;
    job.model_id = served.model_id;
    job.model_name = order->model;
    job.version_id = served.version_id;
    job.version = served.version;
    job.artifact_digest = served.artifact_digest;
    job.has_output_schema = served.has_output_schema;
    message = make_message(&job, err);
    ok = message != NULL && insert(call, db, &job, message, &submission, err) &&
         call_commit_reply(call, 200, answer(call, &job), err);
    if (ok)
        job_submit_publish(call, &submission);

cleanup:
    free(message);
    served_clear(&served);
    upload_clear(&upload);
    return ok;
}
