/* deploy_submit.c - see deploy_submit.h. */
#include "api/deploy_submit.h"

#include "api/deployment_json.h"
#include "schemas/deploy_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ENVIRONMENT[] = "production";

/* v1.0, 1 (also as a number), ver_... or latest. */
static void read_version(struct fields *fields, struct deploy_request *request)
{
    const json_t *value = json_object_get(fields->object, "version");
    const char *word;

    snprintf(request->version, sizeof request->version, "latest");
    if (json_is_integer(value)) {
        int64_t number = fields_int(fields, "version", OPTIONAL, 1, INT32_MAX, 0);

        snprintf(request->version, sizeof request->version, "v%lld.0", (long long)number);
        return;
    }
    word = fields_text(fields, "version", OPTIONAL, sizeof request->version - 1);
    if (word != NULL && *word == '\0')
        fields_problem(fields, "version", "empty: give one such as v1.0, or latest");
    else if (word != NULL)
        snprintf(request->version, sizeof request->version, "%s", word);
}

static bool is_environment(const char *text)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";

    return *text != '\0' && text[strspn(text, LETTERS)] == '\0';
}

void deploy_request_read(struct fields *fields, struct deploy_request *request)
{
    const char *environment =
        fields_text(fields, "environment", OPTIONAL, DEPLOY_ENVIRONMENT_BYTES);

    *request = (struct deploy_request){0};
    request->environment = environment == NULL ? ENVIRONMENT : environment;
    if (!is_environment(request->environment))
        fields_problem(fields, "environment",
                       "must have 1 to %d letters, digits, dots, dashes and underscores, such as "
                       "production",
                       DEPLOY_ENVIRONMENT_BYTES);
    request->replicas = (int)fields_int(fields, "replicas", OPTIONAL, 1, DEPLOY_REPLICAS_MOST, 1);
    request->auto_scale = fields_bool(fields, "auto_scale", OPTIONAL, true);
    read_version(fields, request);
}

static bool check_ready(const struct deployable *found, struct error *err)
{
    if (found->status == VERSION_READY && found->artifact_digest != NULL)
        return true;
    return error_set(err, ERROR_CONFLICT,
                     "version v%d.0 of model %.63s is %s: only a READY version can be deployed; "
                     "GET /models/%.63s/v%d.0/status says how it stands",
                     found->version, found->model_name,
                     state_word(MACHINE_VERSION, (int)found->status), found->model_name,
                     found->version);
}

static bool make_message(struct call *call, const struct deploy_request *request,
                         struct deploy_submitted *made, struct error *err)
{
    struct deploy_job job = {.job_id = made->job_id.text,
                             .account = call_account(call),
                             .model_id = made->version.model_id,
                             .model_name = made->version.model_name,
                             .version_id = made->version.version_id,
                             .version = made->version.version,
                             .artifact_digest = made->version.artifact_digest,
                             .deployment_id = made->deployment_id.text,
                             .environment = request->environment,
                             .replicas = request->replicas,
                             .auto_scale = request->auto_scale};
    json_t *json = deploy_job_encode(&job, err);

    made->message = json == NULL ? NULL : json_text(json, err);
    json_decref(json);
    return made->message != NULL;
}

static bool insert_deployment(struct call *call, struct pg *db,
                              const struct deploy_request *request, struct deploy_submitted *made,
                              struct error *err)
{
    struct new_deployment deployment = {.id = made->deployment_id.text,
                                        .account = call_account(call),
                                        .model_id = made->version.model_id,
                                        .version_id = made->version.version_id,
                                        .job_id = made->job_id.text,
                                        .environment = request->environment,
                                        .replicas = request->replicas,
                                        .auto_scale = request->auto_scale};

    return deployments_insert(db, &deployment, made->created_at, err);
}

/* The job names no version: that would make its claim wait for the version's own job. */
static bool insert_job(struct call *call, struct pg *db, struct deploy_submitted *made,
                       struct error *err)
{
    snprintf(made->key, sizeof made->key, "deploy/%s", made->version.model_id);
    snprintf(made->topic_key, sizeof made->topic_key, "%s/%s", call_account(call),
             made->version.model_name);
    made->job.job = (struct new_job){.id = made->job_id.text,
                                     .account = call_account(call),
                                     .pool = "deploy",
                                     .kind = "model_deploy",
                                     .key = made->key,
                                     .model_id = made->version.model_id,
                                     .model_name = made->version.model_name,
                                     .deployment_id = made->deployment_id.text,
                                     .message = made->message,
                                     .topic_key = made->topic_key};
    return job_submit_insert(call, db, &made->job, err);
}

bool deploy_submit(struct call *call, const char *model, const struct deploy_request *request,
                   struct deploy_submitted *submitted, struct error *err)
{
    struct pg *db;

    *submitted = (struct deploy_submitted){0};
    submitted->deployment_id = id_new("dep");
    submitted->job_id = id_new("job");
    db = call_begin(call, err);
    return db != NULL &&
           deployable_find(db, call_account(call), model, request->version, &submitted->version,
                           err) &&
           check_ready(&submitted->version, err) && make_message(call, request, submitted, err) &&
           insert_deployment(call, db, request, submitted, err) &&
           insert_job(call, db, submitted, err);
}

json_t *deploy_submitted_json(const struct deploy_submitted *submitted,
                              const struct deploy_request *request, const char *predict_url)
{
    const struct deployable *version = &submitted->version;

    return json_pack(
        "{s:s, s:s, s:o, s:s, s:o, s:s, s:i, s:b, s:s, s:s, s:s, s:i, s:o}", "deployment_id",
        submitted->deployment_id.text, "model_name", version->model_name, "model_version",
        json_sprintf("v%d.0", version->version), "status", "DEPLOYING", "endpoint",
        deployment_endpoint(predict_url, submitted->deployment_id.text), "environment",
        request->environment, "replicas", request->replicas, "auto_scale", (int)request->auto_scale,
        "created_at", submitted->created_at, "job_id", submitted->job_id.text, "version_id",
        version->version_id, "version", version->version, "model_id",
        json_sprintf("%s:v%d.0", version->model_name, version->version));
}

void deploy_submitted_clear(struct deploy_submitted *submitted)
{
    free(submitted->message);
    submitted->message = NULL;
    deployable_clear(&submitted->version);
}
