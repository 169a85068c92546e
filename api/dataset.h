/*
 * dataset.h - the table that a request names: an upload that is complete.
 */
#ifndef TRAINYARD_API_DATASET_H
#define TRAINYARD_API_DATASET_H

#include "infra/store/uploads.h"
#include "schemas/build_job.h"

/*
 * Finds the upload that id, which the request gave as field, means to an account, and keeps it from
 * being deleted until the transaction ends. ERROR_NOT_FOUND;
 * ERROR_CONFLICT when its files are not all here; ERROR_VALIDATION when they are no table. Clear
 * upload either way.
 */
MUST_CHECK bool dataset_find(struct pg *db, const char *account, const char *field, const char *id,
                             struct upload *upload, struct error *err);

/* The same where a URL will do, of a table that the job's worker is to fetch: it makes an upload of
 * its own, which is in no database and points to id. */
MUST_CHECK bool dataset_find_or_fetch(struct pg *db, const char *account, const char *field,
                                      const char *id, struct upload *upload, struct error *err);

/* Its files as a job names them; returns how many. They point into upload. */
size_t dataset_files(const struct upload *upload, struct job_file files[JOB_FILES_MOST]);

#endif
