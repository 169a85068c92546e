/*
 * watch.h - what a build says while it runs, and whether it is to go on. The building thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_WATCH_H
#define TRAINYARD_ENGINE_TRAIN_WATCH_H

#include <time.h>

#include "engine/train/build.h"

struct watch {
    const struct build_watch *outer; /* may be NULL */
    int percent;
    struct timespec deadline; /* of the monotonic clock; zero: none */
};

/* Starts the clock; timeout_s 0 is none. */
void watch_init(struct watch *watch, const struct build_watch *outer, int timeout_s);

/* One line of the build log. */
void watch_log(struct watch *watch, enum build_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Passes a percentage on, if it is more than the last. */
void watch_progress(struct watch *watch, int percent, const char *stage);

/* ERROR_CANCELLED once somebody asked to stop. */
MUST_CHECK bool watch_go_on(struct watch *watch, struct error *err);

/* Whether the time that timeout_s gave is used up; never without one. */
bool watch_time_is_up(const struct watch *watch);

#endif
