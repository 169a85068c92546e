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

struct build_store; /* what a request is filled in from */

/* What was made. Clear with submitted_clear(). */
struct submitted {
    struct id model_id;
    struct id version_id;
    struct id job_id;
    int version;
    int current;                  /* the version that the model is told with */
    struct model_request request; /* with what was not given filled in; points into store */
    struct build_store *store;
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

enum build_kind { BUILD_VERSION, BUILD_RETRAIN };

/*
 * The same for the next version of a model: what request does not say is as in the model, for a
 * retrain as in its newest READY version, whose columns the job is told to keep to.
 * ERROR_NOT_FOUND also when there is no such model.
 */
MUST_CHECK bool build_submit_next(struct call *call, const char *name, enum build_kind kind,
                                  const struct model_request *request, struct submitted *submitted,
                                  struct error *err);

void submitted_clear(struct submitted *submitted);

#endif
