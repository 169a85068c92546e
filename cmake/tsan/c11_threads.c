/*
 * c11_threads.c - glibc's C11 threads by way of POSIX threads, for builds with the thread
 * sanitizer.
 *
 * librdkafka starts its threads with thrd_create() and locks with mtx_lock(). The sanitizer knows
 * only the POSIX names: a thread it has not seen start crashes it, and a lock it has not seen is no
 * lock to it. In glibc both kinds have the same objects, so that one can stand for the other.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "mtx_t is a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "cnd_t is a pthread_cond_t");

struct start {
    thrd_start_t run;
    void *context;
};

static void *run_thread(void *context)
{
    struct start start = *(struct start *)context;

    free(context);
    return (void *)(long)start.run(start.context);
}

static int result_of(int failure)
{
    return failure == 0           ? thrd_success
           : failure == ETIMEDOUT ? thrd_timedout
           : failure == EBUSY     ? thrd_busy
           : failure == ENOMEM    ? thrd_nomem
                                  : thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *context)
{
    struct start *start = malloc(sizeof *start);

    if (start == NULL)
        return thrd_nomem;
    *start = (struct start){run, context};
    return result_of(pthread_create(thread, NULL, run_thread, start));
}

int thrd_join(thrd_t thread, int *result)
{
    void *returned = NULL;
    int failure = pthread_join(thread, &returned);

    if (result != NULL)
        *result = (int)(long)returned;
    return result_of(failure);
}

int thrd_detach(thrd_t thread)
{
    return result_of(pthread_detach(thread));
}

int mtx_init(mtx_t *lock, int type)
{
    pthread_mutexattr_t attributes;
    int failure;

    pthread_mutexattr_init(&attributes);
    if ((type & mtx_recursive) != 0)
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    failure = pthread_mutex_init((pthread_mutex_t *)lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result_of(failure);
}

int mtx_lock(mtx_t *lock)
{
    return result_of(pthread_mutex_lock((pthread_mutex_t *)lock));
}

int mtx_trylock(mtx_t *lock)
{
    return result_of(pthread_mutex_trylock((pthread_mutex_t *)lock));
}

int mtx_unlock(mtx_t *lock)
{
    return result_of(pthread_mutex_unlock((pthread_mutex_t *)lock));
}

void mtx_destroy(mtx_t *lock)
{
    pthread_mutex_destroy((pthread_mutex_t *)lock);
}

int cnd_init(cnd_t *cond)
{
    return result_of(pthread_cond_init((pthread_cond_t *)cond, NULL));
}

int cnd_signal(cnd_t *cond)
{
    return result_of(pthread_cond_signal((pthread_cond_t *)cond));
}

int cnd_broadcast(cnd_t *cond)
{
    return result_of(pthread_cond_broadcast((pthread_cond_t *)cond));
}

int cnd_wait(cnd_t *cond, mtx_t *lock)
{
    return result_of(pthread_cond_wait((pthread_cond_t *)cond, (pthread_mutex_t *)lock));
}

int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict lock, const struct timespec *restrict until)
{
    return result_of(
        pthread_cond_timedwait((pthread_cond_t *)cond, (pthread_mutex_t *)lock, until));
}

void cnd_destroy(cnd_t *cond)
{
    pthread_cond_destroy((pthread_cond_t *)cond);
}
