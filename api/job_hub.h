/*
 * job_hub.h - waits for the end of jobs, for all who do.
 *
 * One thread asks the database which of all the jobs that are waited for have ended: every 10 ms
 * while somebody has waited for less than a second, else every 100 ms, and not at all when nobody
 * waits. Those who wait hold no session. Every function may be called from any thread.
 */
#ifndef TRAINYARD_API_JOB_HUB_H
#define TRAINYARD_API_JOB_HUB_H

#include "infra/base/error.h"

#include <stdint.h>

struct job_hub;
struct pg_pool;

/* Starts the thread; borrows pool. NULL on failure: ERROR_NO_MEMORY. */
MUST_CHECK struct job_hub *job_hub_new(struct pg_pool *pool, struct error *err);

/* Ends all waiting at once, and keeps more from beginning. NULL is allowed. */
void job_hub_stop(struct job_hub *hub);

/* Stops and frees the hub; nobody may wait any more. NULL is allowed. */
void job_hub_free(struct job_hub *hub);

/* Waits until a job has ended, at most wait_ms. False when it has not, or the hub is stopped. */
bool job_hub_wait(struct job_hub *hub, const char *job_id, int64_t wait_ms);

#endif
