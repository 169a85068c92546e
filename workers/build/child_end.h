/*
 * child_end.h - a child's end of the pipes to its worker: the task comes in, events go out.
 *
 * The counterpart of workers/runtime/child.h. One thread.
 */
#ifndef TRAINYARD_WORKERS_BUILD_CHILD_END_H
#define TRAINYARD_WORKERS_BUILD_CHILD_END_H

#include "engine/train/build.h"
#include "infra/base/error.h"

/* Reads the task, one line; free() it. SIGTERM only asks to stop from now on. ERROR_INTERNAL. */
MUST_CHECK char *child_end_task(struct error *err);

/* Sets the limits; the process ends when its worker is gone. */
MUST_CHECK bool child_end_guard(int memory_mb, int timeout_s, struct error *err);

/* Hands log lines and progress on to the worker, and its wish to stop to the engine. */
extern const struct build_watch child_end_watch;

/* Tells the report, JSON, or why there is none; the process's exit code. */
int child_end_tell(bool ok, const char *report, const struct error *err);

#endif
