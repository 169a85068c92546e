/*
 * fetched.h - what jobs fetched from the web, so that their further runs use the same bytes.
 *
 * Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_FETCHED_H
#define TRAINYARD_INFRA_STORE_FETCHED_H

#include "infra/base/digest.h"
#include "infra/postgres/pg.h"

extern const struct pg_sql fetched_sql;

/* The blob that a job fetched; digest is empty when it did not yet. */
MUST_CHECK bool fetched_find(struct pg *db, const char *job_id, char digest[static DIGEST_BYTES],
                             int64_t *size_bytes, struct error *err);

/* Notes it, in place of what was noted before. */
MUST_CHECK bool fetched_note(struct pg *db, const char *job_id, const char *digest,
                             int64_t size_bytes, struct error *err);

#endif
