/*
 * deploy_job.h - the message of trainyard.jobs.deploy: which version is to be held warm, and how.
 *
 * The form is described in messages/deploy_job.schema.json.
 */
#ifndef TRAINYARD_SCHEMAS_DEPLOY_JOB_H
#define TRAINYARD_SCHEMAS_DEPLOY_JOB_H

#include "infra/base/digest.h"
#include "infra/base/error.h"

#include <jansson.h>

enum { DEPLOY_JOB_SCHEMA = 1, DEPLOY_REPLICAS_MOST = 100, DEPLOY_ENVIRONMENT_BYTES = 64 };

/* Points into json, which the struct owns; clear with deploy_job_clear(). */
struct deploy_job {
    const char *job_id;
    const char *account;
    const char *model_id;
    const char *model_name;
    const char *version_id;
    int version;
    const char *artifact_digest;
    const char *deployment_id;
    const char *environment;
    int replicas; /* 1 to DEPLOY_REPLICAS_MOST */
    bool auto_scale;
    json_t *json;
};

/* A message as JSON, owned by the caller; NULL (ERROR_NO_MEMORY) on failure. job->json is not read.
 */
MUST_CHECK json_t *deploy_job_encode(const struct deploy_job *job, struct error *err);

/* Reads a message; ERROR_VALIDATION when it is not one, or of a newer schema. */
MUST_CHECK bool deploy_job_decode(const char *text, size_t length, struct deploy_job *job,
                                  struct error *err);

void deploy_job_clear(struct deploy_job *job);

#endif
