/*
 * leases.h - who runs what, in the database: one row a running job.
 */
#ifndef TRAINYARD_INFRA_STORE_LEASES_H
#define TRAINYARD_INFRA_STORE_LEASES_H

#include "infra/postgres/pg.h"

extern const struct pg_sql leases_sql;

/*
 * Renews all leases of an owner for lease_s seconds. Rows: job_id, run, cancelling of what is still
 * its own; what is missing there is lost.
 */
MUST_CHECK struct pg_rows *leases_renew(struct pg *db, const char *owner, int lease_s,
                                        struct error *err);

/* Rows: job_id, run of the owner's jobs that somebody asked to end. */
MUST_CHECK struct pg_rows *leases_cancelled(struct pg *db, const char *owner, struct error *err);

/* Takes back up to most leases that ran out, of whomever. Rows: job_id, status it has now. */
MUST_CHECK struct pg_rows *leases_reap(struct pg *db, int most, struct error *err);

/*
 * Notes how far runs are: items is a JSON array of {id, run, progress (0 to 100), stage}. Nothing
 * happens to those whose lease is lost.
 */
MUST_CHECK bool leases_progress(struct pg *db, const char *items, struct error *err);

#endif
