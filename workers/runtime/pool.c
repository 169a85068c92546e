/* pool.c - see pool.h. The work is done in intake.c, dispatch.c and slots.c. */
#include "workers/runtime/pool.h"

#include "infra/base/clock.h"
#include "infra/base/thread.h"
#include "infra/kafka/consumer.h"
#include "workers/runtime/pool_private.h"
#include "workers/runtime/runs.h"

#include <stdio.h>
#include <stdlib.h>

/* Jobs are seldom larger than a few KiB; settings for librdkafka 2.0.2, see docs/design.md. */
static const struct consumer_tuning TUNING = {.prefetch_messages = 1000, .prefetch_kb = 16384};

static void end_slots(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->slots_end = true;
    pthread_cond_broadcast(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
    for (int at = 0; at < pool->slots_count; at++)
        pthread_join(pool->slots[at], NULL);
}

static bool start_slots(struct pool *pool, int wanted, struct error *err)
{
    pool->slots = calloc((size_t)wanted, sizeof *pool->slots);
    if (pool->slots == NULL)
        return error_no_memory(err);
    for (; pool->slots_count < wanted; pool->slots_count++)
        if (!thread_start(&pool->slots[pool->slots_count], pool_slot, pool, err))
            return false;
    return true;
}

static void release(struct pool *pool)
{
    consumer_free(pool->consumer);
    ready_free(pool->ready);
    for (struct broken *broken = pool->broken, *next; broken != NULL; broken = next) {
        next = broken->next;
        free(broken->letter);
        free(broken);
    }
    pthread_cond_destroy(&pool->filled);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->slots);
    free(pool);
}

struct pool *pool_new(const struct pool_services *services, const struct handler *handler,
                      struct error *err)
{
    struct pool *pool = calloc(1, sizeof *pool);
    char topic[64];

    if (pool == NULL) {
        error_no_memory(err);
        return NULL;
    }
    pool->services = *services;
    pool->handler = handler;
    pool->started_ms = clock_monotonic_ms();
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    cond_init(&pool->changed);
    cond_init(&pool->filled);
    snprintf(pool->labels, sizeof pool->labels, "pool=\"%s\"", handler->pool);
    snprintf(topic, sizeof topic, "jobs.%s", handler->pool);
    pool->ready = ready_new(err);
    if (pool->ready != NULL)
        pool->consumer =
            consumer_new(&services->options->kafka, handler->pool, topic, &TUNING, err);
    if (pool->consumer == NULL || !start_slots(pool, services->options->slots, err)) {
        end_slots(pool);
        release(pool);
        return NULL;
    }
    if (!thread_start(&pool->intake, pool_intake, pool, err)) {
        end_slots(pool);
        release(pool);
        return NULL;
    }
    if (!thread_start(&pool->dispatcher, pool_dispatch, pool, err)) {
        atomic_store(&pool->draining, true);
        pthread_join(pool->intake, NULL);
        end_slots(pool);
        release(pool);
        return NULL;
    }
    return pool;
}

void pool_drain(struct pool *pool)
{
    if (atomic_exchange(&pool->draining, true))
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    pthread_join(pool->intake, NULL);
    pthread_join(pool->dispatcher, NULL);
}

size_t pool_running(struct pool *pool)
{
    size_t running;

    pthread_mutex_lock(&pool->lock);
    running = (size_t)pool->busy;
    pthread_mutex_unlock(&pool->lock);
    return running;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    pool_drain(pool);
    end_slots(pool);
    release(pool);
}
