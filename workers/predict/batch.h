/*
 * batch.h - one batch of predictions while it runs, and the two ways to make its result.
 */
#ifndef TRAINYARD_WORKERS_PREDICT_BATCH_H
#define TRAINYARD_WORKERS_PREDICT_BATCH_H

#include "infra/blob/blob.h"
#include "schemas/predict_job.h"
#include "workers/predict/predict.h"

struct batch {
    struct run *run;
    const struct predict_services *services;
    struct predict_job job;
    char artifact[BLOB_PATH_BYTES];
    /* the result */
    char digest[DIGEST_BYTES];
    int64_t size_bytes;
    int64_t rows;
    int64_t failed_rows;
};

/* Predicts for rows of the API, in this process. */
MUST_CHECK bool batch_of_rows(struct batch *batch, struct error *err);

/* Predicts for the files of an upload, in a child. */
MUST_CHECK bool batch_of_table(struct batch *batch, struct error *err);

#endif
