/* deployments.c - see deployments.h. */
#include "api/deployments.h"

#include "api/deploy_submit.h"
#include "api/deployment_json.h"
#include "api/query.h"
#include "api/services.h"
#include "infra/base/config.h"
#include "infra/store/deployments.h"
#include "infra/store/instances.h"

enum { UNSEEN_S = 60 };

bool api_deployments_create(struct call *call, struct error *err)
{
    const char *predict_url = call_services(call)->config->predict_url;
    struct fields fields = {.object = call_body_or_empty(call, err)};
    struct deploy_request request;
    struct deploy_submitted submitted;
    bool ok;

    if (fields.object == NULL)
        return false;
    deploy_request_read(&fields, &request);
    if (!call_fields_end(call, &fields, err))
        return false;
    ok =
        deploy_submit(call, call_path(call, "name"), &request, &submitted, err) &&
        call_commit_reply(call, 200, deploy_submitted_json(&submitted, &request, predict_url), err);
    if (ok)
        job_submit_publish(call, &submitted.job);
    deploy_submitted_clear(&submitted);
    return ok;
}

bool api_deployments_list(struct call *call, struct error *err)
{
    static const char *const STATUSES[] = {"DEPLOYING",   "ACTIVE",     "FAILED",
                                           "UNDEPLOYING", "UNDEPLOYED", NULL};
    const char *account = call_account(call);
    const char *predict_url = call_services(call)->config->predict_url;
    const char *status = NULL;
    struct deployable current = {0};
    struct pg_rows *rows = NULL;
    struct pg *db;
    bool ok;

    if (!query_word_or_none(call, "status", STATUSES, &status, err))
        return false;
    db = call_db(call, err);
    ok = db != NULL &&
         deployable_find(db, account, call_path(call, "name"), "latest", &current, err);
    rows = ok ? deployments_list(db, account, call_path(call, "name"), status, err) : NULL;
    ok = rows != NULL &&
         call_reply_take(call, 200, deployments_json(&current, rows, predict_url), err);
    pg_rows_free(rows);
    deployable_clear(&current);
    return ok;
}

bool api_deployments_delete(struct call *call, struct error *err)
{
    const char *account = call_account(call);
    const char *id = call_path(call, "deployment_id");
    struct deployment deployment = {0};
    struct pg *db = call_db(call, err);
    bool ok =
        db != NULL && deployments_find(db, account, call_path(call, "name"), id, &deployment, err);

    deployment_clear(&deployment);
    ok = ok && deployments_undeploy(db, account, id, err) &&
         deployments_find(db, account, call_path(call, "name"), id, &deployment, err) &&
         call_reply_take(call, 200, deployment_gone_json(&deployment), err);
    deployment_clear(&deployment);
    return ok;
}

bool api_deployments_get(struct call *call, struct error *err)
{
    const char *predict_url = call_services(call)->config->predict_url;
    struct deployment deployment = {0};
    struct pg *db = call_db(call, err);
    bool seen = true;
    bool ok = db != NULL && deployments_find(db, call_account(call), NULL,
                                             call_path(call, "deployment_id"), &deployment, err);

    if (ok && deployment.status == DEPLOYMENT_DEPLOYING)
        ok = instances_pool_seen(db, "deploy", UNSEEN_S, &seen, err);
    ok = ok && call_reply_take(call, 200, deployment_json(&deployment, seen, predict_url), err);
    deployment_clear(&deployment);
    return ok;
}
