/*
 * intake.c - the poll thread of a pool: it reads and never works, so that no job however long and
 * no database however slow costs the process its place in the consumer group.
 */
#include "workers/runtime/pool_private.h"

#include "infra/base/log.h"
#include "infra/kafka/consumer.h"
#include "infra/metrics/metrics.h"
#include "schemas/dead_letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 100 };

static void keep_job(struct pool *pool, const struct consumer_message *message,
                     const struct job_head *head)
{
    struct ready_job job = {.partition = message->partition, .offset = message->offset};
    bool added;

    strcpy(job.job_id, head->job_id);
    strcpy(job.account, head->account);
    pthread_mutex_lock(&pool->lock);
    added = ready_add(pool->ready, &job);
    if (!added)
        pool->backlog = true;
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    if (added)
        return;
    consumer_settle(pool->consumer, message->partition, message->offset);
    metrics_count(pool->services.metrics, "trainyard_jobs_spilled_total", pool->labels, 1);
}

static void keep_broken(struct pool *pool, const struct consumer_message *message,
                        const struct error *why)
{
    struct broken *broken = calloc(1, sizeof *broken);
    struct error err = {0};

    log_failure("a message cannot be read: it goes to the dead letters", why,
                log_str("pool", pool->handler->pool), log_int("partition", message->partition),
                log_int("offset", message->offset));
    if (broken == NULL)
        return; /* not settled: it is read again after a restart */
    broken->partition = message->partition;
    broken->offset = message->offset;
    snprintf(broken->key, sizeof broken->key, "%d:%lld", message->partition,
             (long long)message->offset);
    broken->letter =
        dead_letter_encode(&(struct dead_letter){.pool = pool->handler->pool,
                                                 .partition = message->partition,
                                                 .offset = message->offset,
                                                 .code = error_name(why->code),
                                                 .message = why->message,
                                                 .value = message->value,
                                                 .value_length = message->value_length},
                           &err);
    if (broken->letter == NULL) {
        free(broken);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    broken->next = pool->broken;
    pool->broken = broken;
    pool->broken_count++;
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

/* Stops reading while the list is full; goes on when half of it is gone. */
static void balance(struct pool *pool, bool *paused)
{
    bool full;
    bool half;

    pthread_mutex_lock(&pool->lock);
    full = ready_count(pool->ready) >= READY_FULL || pool->broken_count >= BROKEN_MOST;
    half = ready_count(pool->ready) <= READY_FULL / 2 && pool->broken_count <= BROKEN_MOST / 2;
    pthread_mutex_unlock(&pool->lock);
    if (!*paused && full)
        consumer_pause(pool->consumer);
    else if (*paused && half)
        consumer_resume(pool->consumer);
    *paused = *paused ? !half : full;
}

void *pool_intake(void *context)
{
    struct pool *pool = context;
    struct consumer_message message;
    struct job_head head;
    bool paused = false;

    while (!atomic_load(&pool->draining)) {
        struct error err = {0};

        balance(pool, &paused);
        if (!consumer_poll(pool->consumer, POLL_MS, &message))
            continue;
        if (message.value == NULL)
            error_set(&err, ERROR_VALIDATION, "a message without a value");
        else if (pool->handler->decode(message.value, message.value_length, &head, &err))
            keep_job(pool, &message, &head);
        if (err.code != ERROR_NONE)
            keep_broken(pool, &message, &err);
        consumer_message_clear(&message);
    }
    return NULL;
}
