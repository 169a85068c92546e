/* thread.c - see thread.h. */
#include "infra/base/thread.h"

#include "infra/base/clock.h"

#include <signal.h>
#include <string.h>

#ifdef __SANITIZE_THREAD__
enum { STACK_BYTES = 4 * 1024 * 1024 }; /* the sanitizer keeps its own state of a thread there */
#else
enum { STACK_BYTES = 256 * 1024 };
#endif

bool thread_start(pthread_t *thread, void *(*run)(void *), void *context, struct error *err)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    int failure;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* inherited by the new thread */
    failure = pthread_create(thread, &attributes, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure == 0)
        return true;
    error_no_memory(err);
    return error_detail(err, "pthread_create: %s", strerror(failure));
}

void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t timeout_ms)
{
    struct timespec deadline = clock_deadline(timeout_ms);

    return pthread_cond_timedwait(cond, lock, &deadline) == 0;
}
