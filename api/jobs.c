/* jobs.c - see jobs.h. */
#include "api/jobs.h"

#include "api/job_hub.h"
#include "api/query.h"
#include "api/services.h"
#include "infra/base/config.h"
#include "infra/store/jobs.h"

#include <string.h>

enum { WAIT_MOST_S = 120 };

static json_t *error_json(const struct job *job)
{
    if (job->error_code == NULL)
        return json_null();
    return json_pack("{s:s, s:s?}", "code", job->error_code, "message", job->error_message);
}

static bool waits(const struct job *job)
{
    return job->status == JOB_PENDING || job->status == JOB_RETRYING;
}

/* What was asked for: the message's spec without what was left open, and what it is done to. */
static json_t *params_json(const struct job *job)
{
    static const char *const DEPLOYMENT[] = {"environment", "replicas", "auto_scale"};
    json_t *message = job->message == NULL ? NULL : json_loads(job->message, 0, NULL);
    json_t *dataset = json_object_get(json_object_get(message, "dataset"), "dataset_id");
    json_t *params =
        json_pack("{s:s*, s:s*, s:s*, s:O*}", "model_name", job->model_name, "version_id",
                  job->version_id, "deployment_id", job->deployment_id, "dataset_id", dataset);
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(message, "spec"), name, value)
    {
        if (!json_is_null(value) && !(json_is_integer(value) && json_integer_value(value) == 0))
            json_object_set(params, name, value);
    }
    for (size_t at = 0; at < sizeof DEPLOYMENT / sizeof *DEPLOYMENT; at++)
        if (json_object_get(message, DEPLOYMENT[at]) != NULL)
            json_object_set(params, DEPLOYMENT[at], json_object_get(message, DEPLOYMENT[at]));
    json_decref(message);
    return params;
}

/* What a job is about, and how far it is. */
static json_t *job_json(const struct job *job, const char *public_url)
{
    json_t *answer = json_pack(
        "{s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:o}", "job_id", job->id, "type", job->kind, "status",
        state_word(MACHINE_JOB, (int)job->status), "progress", job->progress, "created_at",
        job->created_at, "updated_at", job->updated_at, "started_at",
        json_text_or_null(job->started_at), "completed_at", json_text_or_null(job->completed_at));
    json_t *result = job->result == NULL ? NULL : json_loads(job->result, JSON_DECODE_ANY, NULL);

    if (json_object_get(result, "results_url") != NULL) /* workers know the path only */
        json_object_set_new(result, "results_url",
                            json_sprintf("%s/jobs/%s/results", public_url, job->id));
    json_object_set_new(answer, "pool", json_string(job->pool));
    json_object_set_new(
        answer, "resource_id",
        json_text_or_null(job->deployment_id != NULL ? job->deployment_id : job->model_name));
    json_object_set_new(answer, "resource_type",
                        json_string(job->deployment_id != NULL ? "deployment" : "model"));
    json_object_set_new(answer, "model_name", json_text_or_null(job->model_name));
    json_object_set_new(answer, "params", params_json(job));
    json_object_set_new(answer, "progress_details",
                        json_pack("{s:s?, s:i, s:n}", "current_stage", job->stage, "stage_progress",
                                  job->progress, "estimated_completion"));
    json_object_set_new(answer, "run", json_integer(job->run));
    json_object_set_new(answer, "failures", json_integer(job->failures));
    json_object_set_new(answer, "max_attempts", json_integer(job->max_attempts));
    json_object_set_new(answer, "result", result == NULL ? json_null() : result);
    json_object_set_new(answer, "error", error_json(job));
    json_object_set_new(answer, "logs_url", json_sprintf("%s/jobs/%s/logs", public_url, job->id));
    if (job->status == JOB_RETRYING)
        json_object_set_new(answer, "next_attempt_at", json_text_or_null(job->available_at));
    return answer;
}

static bool read_filter(struct call *call, struct jobs_filter *filter, struct error *err)
{
    static const char *const STATUSES[] = {"PENDING",   "RUNNING", "RETRYING",  "CANCELLING",
                                           "COMPLETED", "FAILED",  "CANCELLED", NULL};
    static const char *const SORTS[] = {"created_at", "updated_at", NULL};
    static const char *const ORDERS[] = {"desc", "asc", NULL};
    const char *order;

    filter->account = call_account(call);
    filter->kind = call_query(call, "type");
    if (!query_page(call, &filter->limit, &filter->offset, err) ||
        !query_word_or_none(call, "status", STATUSES, &filter->status, err) ||
        !query_word(call, "sort", SORTS, &filter->sort, err) ||
        !query_word(call, "order", ORDERS, &order, err))
        return false;
    filter->ascending = strcmp(order, "asc") == 0;
    return true;
}

bool api_jobs_list(struct call *call, struct error *err)
{
    const char *public_url = call_services(call)->config->public_url;
    struct jobs_filter filter;
    struct pg_rows *rows;
    struct pg *db;
    int64_t total = 0;
    json_t *items;

    if (!read_filter(call, &filter, err))
        return false;
    db = call_db(call, err);
    rows = db == NULL ? NULL : jobs_list(db, &filter, &total, err);
    if (rows == NULL)
        return false;
    items = json_array();
    for (size_t row = 0; row < pg_rows_count(rows); row++) {
        struct job job;

        job_read(rows, row, &job);
        json_array_append_new(items, job_json(&job, public_url));
    }
    pg_rows_free(rows);
    return call_reply_take(call, 200,
                           page_json_take("jobs", items, total, filter.limit, filter.offset), err);
}

/* Adds the place of a job that waits among those of its account and pool: 1 is next. */
static bool add_position(struct pg *db, const struct job *job, json_t *answer, struct error *err)
{
    int64_t ahead = 0;

    if (!waits(job)) {
        json_object_set_new(answer, "position", json_null());
        return true;
    }
    if (!jobs_ahead(db, job->id, &ahead, err))
        return false;
    json_object_set_new(answer, "position", json_integer(ahead + 1));
    return true;
}

/* Finds the job, once it has ended or wait_ms are over. Holds no session while it waits. */
static bool find_ended(struct call *call, int64_t wait_ms, struct job *job, struct error *err)
{
    const char *id = call_path(call, "job_id");
    struct pg *db = call_db(call, err);

    if (db == NULL || !jobs_find(db, call_account(call), id, job, err))
        return false;
    if (wait_ms == 0 || state_is_final(MACHINE_JOB, (int)job->status))
        return true;
    call_release_db(call);
    job_hub_wait(call_services(call)->jobs, id, wait_ms);
    job_clear(job);
    db = call_db(call, err);
    return db != NULL && jobs_find(db, call_account(call), id, job, err);
}

bool api_jobs_get(struct call *call, struct error *err)
{
    const char *public_url = call_services(call)->config->public_url;
    struct job job = {0};
    struct pg *db;
    json_t *answer = NULL;
    int64_t wait_ms;
    bool ok = query_wait(call, "wait", WAIT_MOST_S, &wait_ms, err) &&
              find_ended(call, wait_ms, &job, err) && (db = call_db(call, err)) != NULL;

    if (ok) {
        answer = job_json(&job, public_url);
        ok = add_position(db, &job, answer, err) &&
             call_reply_take(call, 200, json_incref(answer), err);
    }
    json_decref(answer);
    job_clear(&job);
    return ok;
}

/* ERROR_CONFLICT for a job that has ended. */
static bool may_cancel(struct pg *db, const char *account, const char *id, struct error *err)
{
    struct job job = {0};
    bool ok = jobs_find(db, account, id, &job, err);

    if (ok && state_is_final(MACHINE_JOB, (int)job.status))
        ok = error_set(err, ERROR_CONFLICT, "the job has ended: it is %s",
                       state_word(MACHINE_JOB, (int)job.status));
    job_clear(&job);
    return ok;
}

/* Asking again while it is being cancelled gives the same answer. */
bool api_jobs_cancel(struct call *call, struct error *err)
{
    const char *id = call_path(call, "job_id");
    struct pg *db = call_db(call, err);
    enum job_status status;

    if (db == NULL || !may_cancel(db, call_account(call), id, err) ||
        !jobs_cancel(db, call_account(call), id, &status, err))
        return false;
    if (status == JOB_COMPLETED || status == JOB_FAILED)
        return error_set(err, ERROR_CONFLICT, "the job has ended: it is %s",
                         state_word(MACHINE_JOB, (int)status));
    return call_reply_take(call, 200,
                           json_pack("{s:s, s:s, s:s}", "job_id", id, "status",
                                     state_word(MACHINE_JOB, (int)status), "message",
                                     status == JOB_CANCELLED ? "the job was cancelled before it ran"
                                                             : "the job is asked to end"),
                           err);
}
