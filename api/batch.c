/* batch.c - see batch.h. */
#include "api/batch.h"

#include "api/batch_submit.h"
#include "api/job_hub.h"
#include "api/model_cache.h"
#include "api/query.h"
#include "api/result_file.h"
#include "api/services.h"
#include "engine/predict/result.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/store/jobs.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ID_MOST = 256 };

/* What became of a batch ------------------------------------------------------------------------*/

/*
 * The result of an account's batch that is done; NULL with the reason why there is none. *failed:
 * it is the job's own.
 */
static json_t *find_result(struct call *call, const char *job_id, bool *failed, struct error *err)
{
    struct pg *db = call_db(call, err);
    struct job job = {0};
    json_t *result = NULL;

    *failed = false;
    if (db == NULL || !jobs_find(db, call_account(call), job_id, &job, err))
        return NULL;
    *failed = job.status == JOB_FAILED;
    if (strcmp(job.kind, "model_predict") != 0)
        error_set(err, ERROR_CONFLICT, "the job has no results to fetch: it is a %s", job.kind);
    else if (job.status == JOB_FAILED)
        error_set(err, error_from_name(job.error_code == NULL ? "" : job.error_code), "%s",
                  job.error_message == NULL ? "the batch has failed" : job.error_message);
    else if (job.status == JOB_CANCELLED)
        error_set(err, ERROR_CONFLICT, "the batch was cancelled");
    else if (job.status != JOB_COMPLETED || job.result == NULL)
        error_set(err, ERROR_CONFLICT,
                  "the batch is %s: its results are there when GET /jobs/%.64s says COMPLETED",
                  state_word(MACHINE_JOB, (int)job.status), job_id);
    else
        result = json_parse(job.result, strlen(job.result), err);
    job_clear(&job);
    call_release_db(call);
    return result;
}

static const char *text_of(const json_t *result, const char *name)
{
    const char *text = json_string_value(json_object_get(result, name));

    return text == NULL ? "" : text;
}

/* Results ---------------------------------------------------------------------------------------*/

/* By the word of the format. */
static const char *content_type(const char *format)
{
    if (strcmp(format, "csv") == 0)
        return "text/csv; charset=utf-8";
    return strcmp(format, "parquet") == 0 ? "application/vnd.apache.parquet"
                                          : "application/x-ndjson";
}

static bool may_have(const json_t *result, const char *wanted, struct error *err)
{
    const char *format = text_of(result, "output_format");
    char now[CLOCK_TEXT_BYTES];

    clock_text(clock_wall_ms(), now);
    if (strncmp(now, text_of(result, "expires_at"), 19) > 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "the results have expired: they are kept for 7 days; send the batch "
                         "again");
    return wanted == NULL || strcmp(wanted, format) == 0 ||
           error_set(err, ERROR_CONFLICT,
                     "the results were made as %s: leave format out, or send the batch again with "
                     "output_format %s",
                     format, wanted);
}

bool api_batch_results(struct call *call, struct error *err)
{
    const char *job_id = call_path(call, "job_id");
    const char *wanted = NULL;
    json_t *result;
    const char *format;
    char name[256];
    bool failed;
    bool ok;

    if (!query_word_or_none(call, "format", result_format_words, &wanted, err))
        return false;
    result = find_result(call, job_id, &failed, err);
    if (result == NULL && failed) {
        struct error reason = *err; /* not of this request */

        return error_set(err, ERROR_CONFLICT, "the batch has failed: %.200s", reason.message);
    }
    if (result == NULL)
        return false;
    format = text_of(result, "output_format");
    ok = may_have(result, wanted, err) &&
         result_file_reply(call, text_of(result, "digest"), content_type(format), err);
    if (ok) {
        snprintf(name, sizeof name, "attachment; filename=\"%.63s-%.16s-%.64s.%.8s\"",
                 text_of(result, "model_name"), text_of(result, "model_version"), job_id, format);
        call_reply_header(call, "Content-Disposition", name);
    }
    json_decref(result);
    return ok;
}

/* Predictions -----------------------------------------------------------------------------------*/

static bool wants_job(const struct call *call)
{
    const char *prefer = call_header(call, "Prefer");

    return prefer != NULL && strcasestr(prefer, "respond-async") != NULL;
}

/* Waits for the end of a job and answers with its array; what was replied stays if it lasts. */
static bool await(struct call *call, const struct id *job_id, struct error *err)
{
    const struct services *services = call_services(call);
    json_t *result;
    bool failed;
    bool ok;

    if (!job_hub_wait(services->jobs, job_id->text, (int64_t)services->config->batch_wait_s * 1000))
        return true;
    result = find_result(call, job_id->text, &failed, err);
    if (result == NULL)
        return false;
    ok = result_file_reply_array(call, text_of(result, "digest"), err);
    json_decref(result);
    return ok;
}

/* A batch that was accepted before: the answer is what became of its job. */
static bool resume(struct call *call, struct error *err)
{
    json_t *accepted = json_parse(call_replied(call), strlen(call_replied(call)), err);
    struct id job_id = {0};
    bool ok = accepted != NULL;

    snprintf(job_id.text, sizeof job_id.text, "%s", text_of(accepted, "job_id"));
    if (ok && *job_id.text != '\0' && !wants_job(call))
        ok = await(call, &job_id, err);
    json_decref(accepted);
    return ok;
}

static bool predict_rows(struct call *call, struct error *err)
{
    struct model_cache *cache = call_services(call)->models;
    struct batch_rows rows;
    struct id job_id;
    const struct open_model *model = model_cache_borrow(
        cache, call_account(call), call_path(call, "name"), call_path(call, "version"), err);
    bool ok;

    if (model == NULL)
        return false;
    ok = batch_rows_read(call, model->predictor, &rows, err);
    if (ok && rows.count == 0)
        ok = call_reply_text(call, 200, "application/json", "[]", 2, err);
    else if (ok)
        ok = batch_submit(
            call,
            &(struct batch_order){
                .model = model->name, .version = model->version, .format = "ndjson", .rows = &rows},
            &job_id, err);
    model_cache_return(cache, model);
    if (!ok || rows.count == 0 || wants_job(call))
        return ok;
    return await(call, &job_id, err);
}

/* The table that the body names, under one of its two names. */
static void read_dataset(struct fields *fields, struct batch_order *order)
{
    const char *upload = fields_text(fields, "upload_id", OPTIONAL, ID_MOST);
    const char *dataset = fields_text(fields, "dataset_id", OPTIONAL, ID_MOST);

    if (upload == NULL && dataset == NULL)
        fields_problem(fields, "upload_id", "missing: give the id of an upload");
    else if (upload != NULL && dataset != NULL && strcmp(upload, dataset) != 0)
        fields_problem(fields, "dataset_id", "not the same as upload_id: give one of them");
    order->dataset_field = upload == NULL ? "dataset_id" : "upload_id";
    order->dataset_id = upload == NULL ? dataset : upload;
}

static bool predict_table(struct call *call, struct error *err)
{
    struct fields fields = {.object = call_body(call, err)};
    struct batch_order order = {.model = call_path(call, "name"),
                                .version = call_path(call, "version")};
    struct id job_id;
    int format;

    if (fields.object == NULL)
        return false;
    read_dataset(&fields, &order);
    format = fields_choice(&fields, "output_format", OPTIONAL, result_format_words, RESULT_NDJSON);
    if (!call_fields_end(call, &fields, err))
        return false;
    order.format = result_format_words[format];
    return batch_submit(call, &order, &job_id, err);
}

/* The first character of the body that is no blank; NUL when there is none. */
static char first_of_body(struct call *call)
{
    size_t length = 0;
    const char *text = call_raw_body(call, &length);
    size_t at = 0;

    while (text != NULL && at < length && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
        at++;
    return text == NULL || at == length ? '\0' : text[at];
}

bool api_batch_predict(struct call *call, struct error *err)
{
    switch (first_of_body(call)) {
    case '[':
        return call_is_repeat(call) ? resume(call, err) : predict_rows(call, err);
    case '{':
        return call_is_repeat(call) || predict_table(call, err);
    default:
        return error_set(err, ERROR_INVALID_REQUEST,
                         "the body must be a JSON array of input objects, or an object that names "
                         "an upload: {\"upload_id\": ...}");
    }
}
