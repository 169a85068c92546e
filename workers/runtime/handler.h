/*
 * handler.h - what a pool does with its jobs; the runtime takes handlers as a table.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_HANDLER_H
#define TRAINYARD_WORKERS_RUNTIME_HANDLER_H

#include "workers/runtime/run.h"

enum { HEAD_BYTES = 64 };

/* What the runtime must know of a message. */
struct job_head {
    char job_id[HEAD_BYTES];
    char account[HEAD_BYTES];
};

/* Copies the two ids; ERROR_VALIDATION when one is too long for any of ours. */
MUST_CHECK bool job_head_set(struct job_head *head, const char *job_id, const char *account,
                             struct error *err);

struct handler {
    const char *pool; /* jobs come from the topic jobs.POOL, by the group POOL */

    /* Reads a message; false (ERROR_VALIDATION) for one that is none of this pool's. Any thread. */
    bool (*decode)(const char *message, size_t length, struct job_head *head, struct error *err);

    /*
     * Does the job, on a thread of its own, and returns whether it is done. On failure the code of
     * err decides whether it is tried again (error_is_transient). Looks at run_stop_reason() at
     * least once a second, and returns false when it is not RUN_GOES_ON.
     */
    bool (*run)(struct run *run, void *context, struct error *err);
    void *context;
};

#endif
