/* versions.c - see versions.h. */
#include "api/versions.h"

#include "api/build_submit.h"
#include "api/model_json.h"
#include "api/model_request.h"
#include "api/services.h"
#include "infra/base/config.h"
#include "infra/store/instances.h"
#include "infra/store/versions.h"

#include <stdio.h>

enum { UNSEEN_S = 60, MESSAGE_BYTES = 160 };

static bool find(struct call *call, struct version *version, struct error *err)
{
    struct pg *db = call_db(call, err);

    return db != NULL && versions_find(db, call_account(call), call_path(call, "name"),
                                       call_path(call, "version"), version, err);
}

/* What a version whose job waits is waiting for; NULL when there is nothing to say. */
static bool waiting_message(struct call *call, const struct version *version,
                            char message[static MESSAGE_BYTES], const char **said,
                            struct error *err)
{
    bool seen = true;
    struct pg *db;

    *said = NULL;
    if (!version->has_job ||
        (version->job_status != JOB_PENDING && version->job_status != JOB_RETRYING))
        return true;
    db = call_db(call, err);
    if (db == NULL || !instances_pool_seen(db, version->job_pool, UNSEEN_S, &seen, err))
        return false;
    if (seen)
        snprintf(message, MESSAGE_BYTES, "the job waits for its turn");
    else
        snprintf(message, MESSAGE_BYTES,
                 "the job waits: no worker of the pool %.40s was seen for %d s; start a "
                 "trainyard-worker",
                 version->job_pool, UNSEEN_S);
    *said = message;
    return true;
}

bool api_versions_get(struct call *call, struct error *err)
{
    const char *predict_url = call_services(call)->config->predict_url;
    struct version version = {0};
    char message[MESSAGE_BYTES];
    const char *said = NULL;
    bool ok = find(call, &version, err) && waiting_message(call, &version, message, &said, err) &&
              call_reply_take(call, 200, version_json(&version, said, predict_url), err);

    version_clear(&version);
    return ok;
}

bool api_versions_status(struct call *call, struct error *err)
{
    struct version version = {0};
    char message[MESSAGE_BYTES];
    const char *said = NULL;
    bool ok = find(call, &version, err) && waiting_message(call, &version, message, &said, err) &&
              call_reply_take(call, 200, version_status_json(&version, said), err);

    version_clear(&version);
    return ok;
}

bool api_versions_describe(struct call *call, struct error *err)
{
    struct version version = {0};
    bool ok = find(call, &version, err) &&
              call_reply_take(call, 200, version_describe_json(&version), err);

    version_clear(&version);
    return ok;
}

bool api_versions_list(struct call *call, struct error *err)
{
    const char *name = call_path(call, "name");
    struct pg *db = call_db(call, err);
    struct pg_rows *rows = db == NULL ? NULL : versions_list(db, call_account(call), name, err);
    bool ok = rows != NULL && call_reply_take(call, 200, version_list_json(name, rows), err);

    pg_rows_free(rows);
    return ok;
}

static bool submit(struct call *call, enum build_kind kind, const struct model_request *request,
                   struct error *err)
{
    const char *name = call_path(call, "name");
    struct submitted submitted;
    bool ok = build_submit_next(call, name, kind, request, &submitted, err) &&
              call_commit_reply(call, 200, version_made_json(name, &submitted), err);

    if (ok)
        job_submit_publish(call, &submitted.job);
    submitted_clear(&submitted);
    return ok;
}

bool api_versions_create(struct call *call, struct error *err)
{
    struct fields fields = {.object = call_body(call, err)};
    struct model_request request;

    if (fields.object == NULL)
        return false;
    model_request_read_version(&fields, &request);
    return call_fields_end(call, &fields, err) && submit(call, BUILD_VERSION, &request, err);
}

bool api_versions_retrain(struct call *call, struct error *err)
{
    struct fields fields = {.object = call_body_or_empty(call, err)};
    struct model_request request;

    if (fields.object == NULL)
        return false;
    model_request_read_retrain(&fields, &request);
    return call_fields_end(call, &fields, err) && submit(call, BUILD_RETRAIN, &request, err);
}
