/* deploy_job.c - see deploy_job.h. */
#include "schemas/deploy_job.h"

#include "schemas/message.h"

json_t *deploy_job_encode(const struct deploy_job *job, struct error *err)
{
    json_t *json = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:i, s:b}", "schema", DEPLOY_JOB_SCHEMA,
        "job_id", job->job_id, "account", job->account, "model_id", job->model_id, "model_name",
        job->model_name, "version_id", job->version_id, "version", job->version, "artifact_digest",
        job->artifact_digest, "deployment_id", job->deployment_id, "environment", job->environment,
        "replicas", job->replicas, "auto_scale", (int)job->auto_scale);

    if (json == NULL)
        error_no_memory(err);
    return json;
}

static bool decode(struct deploy_job *job, struct error *err)
{
    struct fields fields = {.object = job->json};
    bool ok;

    message_read_schema(&fields, DEPLOY_JOB_SCHEMA);
    job->job_id = fields_text(&fields, "job_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->account = fields_text(&fields, "account", REQUIRED, MESSAGE_NAME_BYTES);
    job->model_id = fields_text(&fields, "model_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->model_name = fields_text(&fields, "model_name", REQUIRED, MESSAGE_NAME_BYTES);
    job->version_id = fields_text(&fields, "version_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->version = (int)fields_int(&fields, "version", REQUIRED, 1, INT32_MAX, 1);
    job->artifact_digest = message_read_digest(&fields, "artifact_digest", REQUIRED);
    job->deployment_id = fields_text(&fields, "deployment_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->environment = fields_text(&fields, "environment", REQUIRED, MESSAGE_NAME_BYTES);
    job->replicas = (int)fields_int(&fields, "replicas", REQUIRED, 1, DEPLOY_REPLICAS_MOST, 1);
    job->auto_scale = fields_bool(&fields, "auto_scale", REQUIRED, true);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

bool deploy_job_decode(const char *text, size_t length, struct deploy_job *job, struct error *err)
{
    *job = (struct deploy_job){0};
    job->json = message_parse(text, length, err);
    if (job->json != NULL && decode(job, err))
        return true;
    deploy_job_clear(job);
    return false;
}

void deploy_job_clear(struct deploy_job *job)
{
    json_decref(job->json);
    *job = (struct deploy_job){0};
}
