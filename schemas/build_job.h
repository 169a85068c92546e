/*
 * build_job.h - the message of trainyard.jobs.build and .retrain: all that a build needs, in one
 * place.
 *
 * Replaying the message builds the same model: it names the data by digest and holds the spec.
 * The form is described in messages/build_job.schema.json.
 */
#ifndef TRAINYARD_SCHEMAS_BUILD_JOB_H
#define TRAINYARD_SCHEMAS_BUILD_JOB_H

#include "infra/base/digest.h"
#include "infra/base/error.h"
#include "infra/base/ids.h"
#include "schemas/job_file.h"
#include "schemas/message.h"

#include <jansson.h>

enum { BUILD_JOB_SCHEMA = 1 };

/* The version that a retrain goes on from, as it was made. */
struct build_job_base {
    int version;        /* 0: there is none, all is as in a build */
    const char *intent; /* NULL: not known */
    const char *target;
    const char *task;           /* binary, multiclass, regression */
    const json_t *input_schema; /* {column: type}, what it looks at */
};

/* Points into json, which the struct owns; clear with build_job_clear(). */
struct build_job {
    const char *job_id;
    const char *account;
    const char *model_id;
    const char *model_name;
    const char *version_id;
    int version;
    const char *dataset_id;
    struct job_file files[JOB_FILES_MOST];
    size_t files_count;
    const char *intent;
    const char *target;          /* NULL: found by the engine */
    const char *metric;          /* NULL: chosen by the engine */
    const json_t *input_schema;  /* {column: type}; NULL: inferred */
    const json_t *output_schema; /* {field: type}; NULL: inferred */
    int max_iterations;          /* 0: the engine's default */
    int timeout_s;               /* 0: work units decide */
    int64_t seed;
    struct build_job_base base;
    json_t *json;
};

/* A message as JSON, owned by the caller; NULL (ERROR_NO_MEMORY) on failure. job->json is not read.
 */
MUST_CHECK json_t *build_job_encode(const struct build_job *job, struct error *err);

/* Reads a message; ERROR_VALIDATION when it is not one, or of a newer schema. */
MUST_CHECK bool build_job_decode(const char *text, size_t length, struct build_job *job,
                                 struct error *err);

void build_job_clear(struct build_job *job);

#endif
