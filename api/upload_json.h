/*
 * upload_json.h - uploads as the API tells of them.
 *
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_API_UPLOAD_JSON_H
#define TRAINYARD_API_UPLOAD_JSON_H

#include "infra/store/uploads.h"

#include <stdbool.h>

/* An upload; detailed: with the columns of its files, and where their first rows are to be seen.
 * Owned by the caller; NULL when memory runs out. */
json_t *upload_encode(const struct upload *upload, bool detailed);

/* [{"model_id", "model_name", "version"}] of the rows of datasets_users(); owned by the caller. */
json_t *upload_encode_users(const struct pg_rows *rows);

#endif
