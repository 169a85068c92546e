/*
 * fetch.h - brings the table that a URL names into the blob store.
 *
 * The work is done in a child, trainyard-worker child fetch; see workers/fetch/download.h for what
 * is refused.
 */
#ifndef TRAINYARD_WORKERS_BUILD_FETCH_H
#define TRAINYARD_WORKERS_BUILD_FETCH_H

#include "infra/base/digest.h"
#include "workers/build/build.h"

/*
 * The blob of a URL for a run: what an earlier run of the same job fetched, else what is there now,
 * which is noted in the database and the run's log. Of a ZIP archive it is the table in it.
 * ERROR_VALIDATION: the URL, or what it leads to, is at fault; ERROR_UNAVAILABLE.
 */
MUST_CHECK bool fetch_table(struct run *run, const struct build_services *services, const char *url,
                            char digest[static DIGEST_BYTES], int64_t *size_bytes,
                            struct error *err);

/* The child: a task on stdin, events on CHILD_EVENTS_FD. Returns the exit code. */
int fetch_child_main(void);

#endif
