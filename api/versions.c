/* versions.c - see versions.h. */
#include "api/versions.h"

#include "api/model_json.h"
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
