/*
 * runs.h - the runs of this process that hold a lease.
 *
 * The heartbeat looks here for what it may tell to stop. Every function may be called from any
 * thread; a run stays valid until runs_remove().
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_RUNS_H
#define TRAINYARD_WORKERS_RUNTIME_RUNS_H

#include "infra/base/buffer.h"
#include "workers/runtime/run.h"

struct runs;

MUST_CHECK struct runs *runs_new(struct error *err);
void runs_free(struct runs *runs);

MUST_CHECK bool runs_add(struct runs *runs, struct run *run, struct error *err);
void runs_remove(struct runs *runs, const struct run *run);
size_t runs_count(struct runs *runs);

/* Passes a reason to stop on to one run, if it is here. */
void runs_stop(struct runs *runs, const char *job_id, int run, enum run_stop reason);
/* The same to all. */
void runs_stop_all(struct runs *runs, enum run_stop reason);

/*
 * Finding what is lost: runs_mark() marks all runs, runs_confirm() unmarks one whose lease was
 * seen, runs_stop_marked() stops those still marked. Runs added after the mark are not touched.
 */
void runs_mark(struct runs *runs);
void runs_confirm(struct runs *runs, const char *job_id, int run);
size_t runs_stop_marked(struct runs *runs, enum run_stop reason);

/* Writes the progress of the runs that have some to tell, as leases_progress() wants it. */
size_t runs_progress(struct runs *runs, struct buffer *items);

#endif
