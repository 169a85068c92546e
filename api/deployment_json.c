/* deployment_json.c - see deployment_json.h. */
#include "api/deployment_json.h"

#include "schemas/fields.h"

static json_t *version_word(int version)
{
    return json_sprintf("v%d.0", version);
}

static const char *status_of(const struct deployment *deployment)
{
    return state_word(MACHINE_DEPLOYMENT, (int)deployment->status);
}

json_t *deployment_endpoint(const char *predict_url, const char *id)
{
    return json_sprintf("%s/predict/%s", predict_url, id);
}

static json_t *item_json(const struct deployment *deployment, const char *predict_url)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:o, s:i, s:b, s:s, s:i, s:i, s:s, s:s}", "deployment_id",
        deployment->id, "environment", deployment->environment, "status", status_of(deployment),
        "version_id", deployment->version_id, "version", deployment->version, "endpoint",
        deployment_endpoint(predict_url, deployment->id), "replicas", deployment->replicas,
        "auto_scale", (int)deployment->auto_scale, "created_at", deployment->created_at,
        "warm_replicas", deployment->warm, "wanted_replicas", deployment->wanted, "job_id",
        deployment->job_id, "updated_at", deployment->updated_at);
}

/* What one that is on its way, or lost replicas, waits for; NULL: nothing to say. */
static json_t *message_json(const struct deployment *deployment, bool served)
{
    if (deployment->status != DEPLOYMENT_DEPLOYING && deployment->status != DEPLOYMENT_ACTIVE)
        return NULL;
    if (!served)
        return json_string("the job waits: no worker of the pool deploy was seen for a minute; "
                           "start a trainyard-worker");
    if (deployment->live == 0)
        return json_string("no instance of trainyard-api lives that could hold a replica: start "
                           "one");
    if (deployment->warm >= deployment->wanted)
        return NULL;
    if (deployment->trouble != NULL)
        return json_sprintf("%d of %d replicas are warm: %s", deployment->warm, deployment->wanted,
                            deployment->trouble);
    return json_sprintf("%d of %d replicas are warm", deployment->warm, deployment->wanted);
}

json_t *deployment_json(const struct deployment *deployment, bool served, const char *predict_url)
{
    json_t *answer = item_json(deployment, predict_url);
    json_t *message = message_json(deployment, served);

    json_object_set_new(answer, "model_name", json_string(deployment->model_name));
    json_object_set_new(answer, "model_version", version_word(deployment->version));
    json_object_set_new(answer, "active_at", json_text_or_null(deployment->active_at));
    json_object_set_new(answer, "undeployed_at", json_text_or_null(deployment->undeployed_at));
    json_object_set_new(answer, "error", json_text_or_null(deployment->error_message));
    json_object_set_new(answer, "error_code", json_text_or_null(deployment->error_code));
    json_object_set_new(answer, "error_message", json_text_or_null(deployment->error_message));
    if (message != NULL)
        json_object_set_new(answer, "message", message);
    return answer;
}

json_t *deployments_json(const struct deployable *current, const struct pg_rows *rows,
                         const char *predict_url)
{
    json_t *items = json_array();

    for (size_t row = 0; row < pg_rows_count(rows); row++) {
        struct deployment deployment;

        deployment_read(rows, row, &deployment);
        json_array_append_new(items, item_json(&deployment, predict_url));
    }
    return json_pack("{s:s, s:o, s:o}", "model_name", current->model_name, "model_version",
                     version_word(current->version), "deployments", items);
}

json_t *deployment_gone_json(const struct deployment *deployment)
{
    return json_pack("{s:s, s:o, s:s, s:s, s:o}", "model_name", deployment->model_name,
                     "model_version", version_word(deployment->current_version), "deployment_id",
                     deployment->id, "status", status_of(deployment), "undeployed_at",
                     json_text_or_null(deployment->undeployed_at));
}
