/* watch.c - see watch.h. */
#include "engine/train/watch.h"

#include <stdio.h>

void watch_init(struct watch *watch, const struct build_watch *outer, int timeout_s)
{
    *watch = (struct watch){.outer = outer, .percent = -1};
    if (timeout_s > 0) {
        /* What follows training (measuring, writing) takes a little; it is paid for here. */
        int margin_s = timeout_s / 20;

        clock_gettime(CLOCK_MONOTONIC, &watch->deadline);
        watch->deadline.tv_sec += timeout_s - margin_s;
    }
}

void watch_log(struct watch *watch, enum build_level level, const char *format, ...)
{
    char message[1024];
    va_list args;

    if (watch->outer == NULL || watch->outer->log == NULL)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    watch->outer->log(watch->outer->context, level, message);
}

void watch_progress(struct watch *watch, int percent, const char *stage)
{
    if (percent <= watch->percent)
        return;
    watch->percent = percent;
    if (watch->outer != NULL && watch->outer->progress != NULL)
        watch->outer->progress(watch->outer->context, percent, stage);
}

bool watch_go_on(struct watch *watch, struct error *err)
{
    if (watch->outer == NULL || watch->outer->stopped == NULL ||
        !watch->outer->stopped(watch->outer->context))
        return true;
    return error_set(err, ERROR_CANCELLED, "the build was cancelled");
}

bool watch_time_is_up(const struct watch *watch)
{
    struct timespec now;

    if (watch->deadline.tv_sec == 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > watch->deadline.tv_sec ||
           (now.tv_sec == watch->deadline.tv_sec && now.tv_nsec >= watch->deadline.tv_nsec);
}
