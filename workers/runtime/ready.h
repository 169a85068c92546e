/*
 * ready.h - the bounded list of jobs that came from Kafka and have not been looked at.
 *
 * Of one account it holds at most READY_OF_ACCOUNT; a further job is spilled: the row in PostgreSQL
 * is the job, so its message can be settled at once. No lock of its own: the pool's guards it.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_READY_H
#define TRAINYARD_WORKERS_RUNTIME_READY_H

#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { READY_FULL = 1000, READY_OF_ACCOUNT = 64 };

struct ready;

/* Where a job's message stands, so that it can be settled. */
struct ready_job {
    char job_id[64];
    char account[64];
    int partition;
    int64_t offset;
};

MUST_CHECK struct ready *ready_new(struct error *err);
void ready_free(struct ready *ready);

/* False when the job was spilled instead. At READY_FULL the caller should stop bringing more. */
bool ready_add(struct ready *ready, const struct ready_job *job);

/* Takes the first jobs off the list, up to most; returns how many. */
size_t ready_take(struct ready *ready, struct ready_job *jobs, size_t most);

/* Puts jobs that could not be looked at back to the front; as many as were taken fit. */
void ready_return(struct ready *ready, const struct ready_job *jobs, size_t count);

size_t ready_count(const struct ready *ready);

#endif
