/*
 * thread.h - threads with small stacks, and conditions that wait by the monotonic clock.
 */
#ifndef TRAINYARD_INFRA_BASE_THREAD_H
#define TRAINYARD_INFRA_BASE_THREAD_H

#include "infra/base/error.h"

#include <pthread.h>
#include <stdint.h>

/* Starts a thread (256 KiB of stack) that ignores signals; they are main's. ERROR_NO_MEMORY. */
MUST_CHECK bool thread_start(pthread_t *thread, void *(*run)(void *), void *context,
                             struct error *err);

/* A condition for cond_wait(). */
void cond_init(pthread_cond_t *cond);

/* Waits at most timeout_ms with lock held; false when the time ran out. */
bool cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t timeout_ms);

#endif
