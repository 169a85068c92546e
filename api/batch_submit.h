/*
 * batch_submit.h - accepts a batch of predictions: job and outbox row, and the answer that says so.
 */
#ifndef TRAINYARD_API_BATCH_SUBMIT_H
#define TRAINYARD_API_BATCH_SUBMIT_H

#include "api/batch_rows.h"
#include "api/call.h"
#include "infra/base/ids.h"

struct batch_order {
    const char *model;             /* its name */
    const char *version;           /* v1.0, ver_... */
    const char *format;            /* of the result */
    const struct batch_rows *rows; /* NULL: a table */
    const char *dataset_field;     /* of a table: how the request called it */
    const char *dataset_id;
};

/*
 * Makes the job and replies with it; the message is sent. ERROR_NOT_FOUND, ERROR_CONFLICT (the
 * version is not READY, or the dataset not whole), ERROR_RATE_LIMIT.
 */
MUST_CHECK bool batch_submit(struct call *call, const struct batch_order *order, struct id *job_id,
                             struct error *err);

#endif
