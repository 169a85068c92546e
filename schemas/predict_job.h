/*
 * predict_job.h - the message of trainyard.jobs.predict: all that a batch of predictions needs.
 *
 * The model is named by the digest of its artifact, the input by the digests of its files, so that
 * replaying the message makes the same result. The form: messages/predict_job.schema.json.
 */
#ifndef TRAINYARD_SCHEMAS_PREDICT_JOB_H
#define TRAINYARD_SCHEMAS_PREDICT_JOB_H

#include "schemas/job_file.h"
#include "schemas/message.h"

enum { PREDICT_JOB_SCHEMA = 1 };

enum predict_input {
    PREDICT_ROWS, /* one blob of rows that the API has read and checked */
    PREDICT_TABLE /* the files of an upload */
};

/* Points into json, which the struct owns; clear with predict_job_clear(). */
struct predict_job {
    const char *job_id;
    const char *account;
    const char *model_id;
    const char *model_name;
    const char *version_id;
    int version;
    const char *artifact_digest;
    bool has_output_schema; /* the client gave one: answers have its fields and no others */
    enum predict_input input;
    int64_t rows;           /* of PREDICT_ROWS; 0: counted when it is read */
    const char *dataset_id; /* of PREDICT_TABLE; NULL: none */
    struct job_file files[JOB_FILES_MOST];
    size_t files_count;
    const char *format; /* ndjson, csv or parquet */
    json_t *json;
};

/* A message as JSON, owned by the caller; NULL (ERROR_NO_MEMORY). job->json is not read. */
MUST_CHECK json_t *predict_job_encode(const struct predict_job *job, struct error *err);

/* Reads a message; ERROR_VALIDATION when it is not one, or of a newer schema. */
MUST_CHECK bool predict_job_decode(const char *text, size_t length, struct predict_job *job,
                                   struct error *err);

void predict_job_clear(struct predict_job *job);

#endif
