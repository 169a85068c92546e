/*
 * build_submit.h - accepts a build: model, version, job and outbox row in one transaction, then the
 * message to Kafka.
 */
#ifndef TRAINYARD_API_BUILD_SUBMIT_H
#define TRAINYARD_API_BUILD_SUBMIT_H

#include "api/call.h"
#include "api/model_request.h"
#include "infra/base/ids.h"
#include "infra/store/models.h"

/* What was made. */
struct submitted {
    struct id model_id;
    struct id version_id;
    struct id job_id;
    char created_at[STORE_TIME_BYTES];
};

/*
 * Accepts the build of version 1 of a new model. ERROR_NOT_FOUND when the dataset is unknown;
 * ERROR_CONFLICT when its files are not all here, or the name is taken; ERROR_VALIDATION when it
 * is no table, or the request is too long for a message; ERROR_RATE_LIMIT when too many builds
 * wait. Nothing is left behind by a failure.
 */
MUST_CHECK bool build_submit_first(struct call *call, const char *name,
                                   const struct model_request *request, struct submitted *submitted,
                                   struct error *err);

#endif
