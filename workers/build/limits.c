/* limits.c - see limits.h. */
#include "workers/build/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static bool set_limit(int resource, rlim_t value, const char *name, struct error *err)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) == 0) {
        if (limit.rlim_max == RLIM_INFINITY || value < limit.rlim_max)
            limit.rlim_max = value;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(resource, &limit) == 0)
            return true;
    }
    error_set(err, ERROR_INTERNAL, "could not limit the job's process");
    return error_detail(err, "%s: %s", name, strerror(errno));
}

bool limits_set(int memory_mb, int timeout_s, struct error *err)
{
    FILE *score = fopen("/proc/self/oom_score_adj", "we");

    if (score != NULL) { /* where /proc is not writable the kernel chooses by itself */
        fputs("500", score);
        fclose(score);
    }
    alarm((unsigned)timeout_s);
    if (!set_limit(RLIMIT_CORE, 0, "core", err))
        return false;
    /* the sanitizers' own shadow memory would count */
    return SANITIZED || set_limit(RLIMIT_DATA, (rlim_t)memory_mb << 20, "data", err);
}
