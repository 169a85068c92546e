/*
 * build_submit.h - accepts a build: model, version, job and outbox row, in the caller's
 * transaction.
 */
#ifndef TRAINYARD_API_BUILD_SUBMIT_H
#define TRAINYARD_API_BUILD_SUBMIT_H

#include "api/call.h"
#include "api/job_submit.h"
#include "api/model_request.h"
#include "infra/base/ids.h"
#include "infra/store/models.h"

/* What was made. Clear with submitted_clear(). */
struct submitted {
    struct id model_id;
    struct id version_id;
    struct id job_id;
    char created_at[STORE_TIME_BYTES];
    struct job_submission job; /* to be published after the commit */
    char topic_key[TOPIC_KEY_BYTES];
    char *message;
};

/*
 * Begins the call's transaction and inserts the build of version 1 of a new model; the caller
 * commits. ERROR_NOT_FOUND when the dataset is unknown; ERROR_CONFLICT when its files are not all
 * here, or the name is taken; ERROR_VALIDATION when it is no table, or the request is too long for
 * a message; ERROR_RATE_LIMIT when too many builds wait. *submitted is filled to be cleared also
 * when it fails.
 */
MUST_CHECK bool build_submit_first(struct call *call, const char *name,
                                   const struct model_request *request, struct submitted *submitted,
                                   struct error *err);

void submitted_clear(struct submitted *submitted);

#endif
