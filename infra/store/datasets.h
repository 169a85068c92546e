/*
 * datasets.h - uploads as what models are built of: their versions by name, who uses them, their
 * end.
 *
 * Uploads of one account with the same name are versions of one dataset, numbered from 1 by age;
 * deleted ones keep their numbers. Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_DATASETS_H
#define TRAINYARD_INFRA_STORE_DATASETS_H

#include "infra/postgres/pg.h"

extern const struct pg_sql datasets_sql;

/*
 * The versions of a dataset, the newest first: version, upload_id, created_at, status, file_count,
 * total_size_bytes. No rows when there is no such dataset. Free with pg_rows_free().
 */
MUST_CHECK struct pg_rows *datasets_versions(struct pg *db, const char *account, const char *name,
                                             struct error *err);

/* Which model versions use an upload: model_name, version, oldest first. Free with pg_rows_free().
 */
MUST_CHECK struct pg_rows *datasets_users(struct pg *db, const char *account, const char *upload_id,
                                          struct error *err);

enum { DATASET_TIME_BYTES = 32 };

/*
 * Deletes an upload; deleted_at is when. In a transaction, which on failure is to be rolled back:
 * the upload's lock comes first, so that nobody can begin to use it meanwhile. ERROR_NOT_FOUND;
 * ERROR_CONFLICT names the model version or the job that needs it.
 */
MUST_CHECK bool datasets_delete(struct pg *db, const char *account, const char *upload_id,
                                char deleted_at[static DATASET_TIME_BYTES], struct error *err);

#endif
