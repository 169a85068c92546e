/*
 * outcome.h - what becomes of a job after a run: done, tried again, given up, handed back.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_OUTCOME_H
#define TRAINYARD_WORKERS_RUNTIME_OUTCOME_H

#include "infra/base/buffer.h"
#include "workers/runtime/run.h"

enum outcome_kind {
    OUTCOME_COMPLETED,
    OUTCOME_FAILED,
    OUTCOME_RETRY,
    OUTCOME_CANCELLED,
    OUTCOME_BACK
};

struct outcome {
    enum outcome_kind kind;
    double wait_s; /* before the next run */
    struct error err;
};

/*
 * Decides after a run: ok and err as the handler returned them. A run that was told to stop and is
 * done nevertheless stays done.
 */
struct outcome outcome_of(const struct run *run, bool ok, const struct error *err);

/*
 * Exponential backoff with full jitter: a random share of 1 s x 2^failures, at most 60 s.
 * share is of [0, 1). (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)
 */
double outcome_backoff_s(int failures, double share);

/* Adds the outcome as an item of finish_jobs(). lines is the number of log lines. */
void outcome_encode(const struct outcome *outcome, const struct run *run, int lines,
                    struct buffer *item);

#endif
