/*
 * deploy_submit.h - accepts a deployment: its row, its job and outbox row, in the call's
 * transaction.
 */
#ifndef TRAINYARD_API_DEPLOY_SUBMIT_H
#define TRAINYARD_API_DEPLOY_SUBMIT_H

#include "api/call.h"
#include "api/job_submit.h"
#include "infra/base/ids.h"
#include "infra/store/deployments.h"

enum { VERSION_WORD_BYTES = 64, CLAIM_KEY_BYTES = 80 };

/* What is asked for. */
struct deploy_request {
    const char *environment; /* points into the body, or is a literal */
    int replicas;
    bool auto_scale;
    char version[VERSION_WORD_BYTES]; /* latest when it is not given */
};

/* Reads environment, replicas, auto_scale and version; problems are noted in fields. */
void deploy_request_read(struct fields *fields, struct deploy_request *request);

/* What was made. Clear with deploy_submitted_clear(). */
struct deploy_submitted {
    struct id deployment_id;
    struct id job_id;
    struct deployable version;
    char created_at[DEPLOYMENT_TIME_BYTES];
    char key[CLAIM_KEY_BYTES];
    char topic_key[TOPIC_KEY_BYTES];
    char *message;
    struct job_submission job; /* to be published after the commit */
};

/*
 * Begins the call's transaction and inserts the deployment; the caller commits. ERROR_NOT_FOUND for
 * the model or version, ERROR_CONFLICT when it is not READY, ERROR_RATE_LIMIT when too many wait.
 * *submitted is filled to be cleared also when it fails.
 */
MUST_CHECK bool deploy_submit(struct call *call, const char *model,
                              const struct deploy_request *request,
                              struct deploy_submitted *submitted, struct error *err);

/* The answer, owned by the caller; NULL when memory runs out. */
json_t *deploy_submitted_json(const struct deploy_submitted *submitted,
                              const struct deploy_request *request, const char *predict_url);

void deploy_submitted_clear(struct deploy_submitted *submitted);

#endif
