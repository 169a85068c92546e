/*
 * run.h - one run of a job, as its handler sees it.
 *
 * The runtime makes a run when it has claimed the job, gives it to a handler on a thread of its
 * own, and frees it when its finish is written. A handler reads the job, logs, tells how far it is,
 * and looks now and then whether it should stop. run_stop() may be called from any thread, the rest
 * from the thread that runs the handler.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_RUN_H
#define TRAINYARD_WORKERS_RUNTIME_RUN_H

#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct joblog;
struct run;

enum run_stop {
    RUN_GOES_ON,
    RUN_CANCELLED, /* somebody cancelled the job */
    RUN_LOST,      /* the lease is gone: another worker has the job, nothing may be written */
    RUN_DRAINED,   /* this worker ends: the job goes back */
};

/* What is known of a job when it is claimed. Texts are copied. */
struct run_job {
    const char *id;
    int run;
    int failures; /* before this run */
    const char *account;
    const char *model;       /* "" when the job has none */
    const char *message;     /* the job message, JSON */
    const char *traceparent; /* "" when the job has none */
};

/* NULL when memory runs out. Borrows log, which must outlive the run. */
MUST_CHECK struct run *run_new(const struct run_job *job, struct joblog *log, struct error *err);
void run_free(struct run *run);

const struct run_job *run_job(const struct run *run);

/* Asks the run to stop; the first reason stays, but for RUN_LOST, which outdoes the others. */
void run_stop(struct run *run, enum run_stop reason);
enum run_stop run_stop_reason(const struct run *run);

/* Writes a line of the job's log. level is INFO, WARNING or ERROR. */
void run_log(struct run *run, const char *level, const char *format, ...) PRINTF_LIKE(3, 4);

/* Tells how far the run is, 0 to 100, and in which stage, for status and log. Only upwards. */
void run_progress(struct run *run, int percent, const char *stage);

/* The progress if it changed since the last call. stage is copied, cut at size. */
bool run_progress_take(struct run *run, int *percent, char *stage, size_t size);

/* What the job answers with, and what its version gets: JSON texts, owned by the run from now on.
 */
void run_set_result_take(struct run *run, char *result);
void run_set_version_take(struct run *run, char *version);
const char *run_result(const struct run *run);
const char *run_version(const struct run *run);

/*
 * Waits until all lines are safe and returns how many there are; called once, after the handler.
 * Gives up (-1) only when the lease is lost.
 */
int run_log_close(struct run *run);

#endif
