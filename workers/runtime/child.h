/*
 * child.h - a process of its own for whatever opens a user's file.
 *
 * The child is this program started again with other arguments. It reads one line of input, writes
 * events (schemas/child_event.h) to its file descriptor CHILD_EVENTS_FD, and ends itself when its
 * input is closed, so that it never outlives its worker. A crash in a native library is a failed
 * run, never a dead worker.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_CHILD_H
#define TRAINYARD_WORKERS_RUNTIME_CHILD_H

#include "schemas/child_event.h"
#include "workers/runtime/run.h"

enum { CHILD_EVENTS_FD = 3 };

struct child_task {
    const char *const *arguments; /* after the program's name; ended by NULL */
    const char *input;            /* one line with its newline */
    int timeout_s;                /* the child is killed after that */
    void (*on_event)(void *context, const struct child_event *event);
    void *context;
};

/*
 * Runs a child until it ends. False if it failed: the error it told; ERROR_CRASHED with signal and
 * peak memory, its last lines then in the run's log; ERROR_TIMED_OUT; ERROR_CANCELLED when the run
 * was told to stop (SIGTERM first; killed if it is deaf for 10 s, at once if the lease is lost).
 */
MUST_CHECK bool child_run(struct run *run, const struct child_task *task, struct error *err);

#endif
