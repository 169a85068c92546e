/*
 * batch_rows.h - an array of input rows: read, checked, and put into the blob store as packed rows.
 */
#ifndef TRAINYARD_API_BATCH_ROWS_H
#define TRAINYARD_API_BATCH_ROWS_H

#include "api/call.h"
#include "engine/predict/predictor.h"
#include "infra/base/digest.h"

enum { BATCH_ROWS_MOST = 10000, BATCH_PROBLEMS_MOST = 100 };

struct batch_rows {
    int64_t count;
    int64_t size_bytes;
    char digest[DIGEST_BYTES]; /* of the blob; "" when there are no rows */
};

/*
 * Reads the call's body, a JSON array of objects, as infer reads one. ERROR_VALIDATION with what is
 * wrong with all rows in the reply's details, as `rows[3].age`, the first BATCH_PROBLEMS_MOST;
 * ERROR_INVALID_REQUEST when it is no array; ERROR_TOO_LARGE beyond BATCH_ROWS_MOST rows.
 */
MUST_CHECK bool batch_rows_read(struct call *call, const struct predictor *predictor,
                                struct batch_rows *rows, struct error *err);

#endif
