/* log_hub.c - see log_hub.h. */
#include "api/log_hub.h"

#include "api/log_group.h"
#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/postgres/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    TICK_MS = 100,
    PAUSE_MS = 1000, /* after the database could not be asked */
    QUIET_MS = 10000,
    QUEUE_MOST = 2
};

/* Events for all followers that stood at one place. */
struct batch {
    size_t holders; /* guarded by the hub's lock */
    size_t length;
    char *text;
};

struct log_follower {
    struct log_hub *hub;
    TAILQ_ENTRY(log_follower) entry;
    /* guarded by the hub's lock */
    pthread_cond_t news;
    int run; /* up to here lines are in the queue, or read */
    int seq;
    bool ended; /* nothing comes after the queue */
    size_t queued;
    struct batch *queue[QUEUE_MOST];
    uint64_t asked; /* the tick it was last asked for in */
    /* the follower's thread only */
    size_t offset; /* what was read of queue[0] */
    bool greeted;
    int rank; /* of the least level it wants; read-only */
    char job_id[];
};

struct log_hub {
    struct pg_pool *pool;
    pthread_t thread;
    pthread_mutex_t lock;
    /* guarded by lock */
    pthread_cond_t wanted;
    bool stopped;
    TAILQ_HEAD(, log_follower) followers;
    /* hub thread only */
    uint64_t tick;
    bool failing;
};

/* Groups and followers --------------------------------------------------------------------------*/

static bool stands_at(const struct log_follower *follower, const struct log_group *group)
{
    return follower->run == group->run && follower->seq == group->seq &&
           follower->rank == group->rank && strcmp(follower->job_id, group->job_id) == 0;
}

static bool is_hungry(const struct log_follower *follower)
{
    return !follower->ended && follower->queued < QUEUE_MOST;
}

static bool add_group(struct log_group *groups, size_t *count, const struct log_follower *follower)
{
    for (size_t at = 0; at < *count; at++)
        if (stands_at(follower, &groups[at]))
            return true;
    if (*count == LOG_GROUPS_MOST || !log_group_init(&groups[*count], follower->job_id,
                                                     follower->run, follower->seq, follower->rank))
        return false;
    (*count)++;
    return true;
}

/* The places of followers that want more and were not asked for in this tick. */
static size_t collect_groups(struct log_hub *hub, struct log_group *groups)
{
    struct log_follower *follower;
    size_t count = 0;

    pthread_mutex_lock(&hub->lock);
    TAILQ_FOREACH(follower, &hub->followers, entry)
    {
        if (is_hungry(follower) && follower->asked != hub->tick &&
            add_group(groups, &count, follower))
            follower->asked = hub->tick;
    }
    pthread_mutex_unlock(&hub->lock);
    return count;
}

static void drop_locked(struct batch *batch)
{
    if (--batch->holders > 0)
        return;
    free(batch->text);
    free(batch);
}

static void deliver_locked(struct log_hub *hub, const struct log_group *group, struct batch *batch)
{
    struct log_follower *follower;

    TAILQ_FOREACH(follower, &hub->followers, entry)
    {
        if (!is_hungry(follower) || !stands_at(follower, group))
            continue;
        follower->run = group->next_run;
        follower->seq = group->next_seq;
        follower->ended = group->ended;
        if (batch != NULL) {
            follower->queue[follower->queued++] = batch;
            batch->holders++;
        }
        if (group->full)
            follower->asked = hub->tick - 1;
        pthread_cond_signal(&follower->news);
    }
}

/* Nobody wants the lines that were read: all move past them. */
static void skip(struct log_hub *hub, const struct log_group *group)
{
    pthread_mutex_lock(&hub->lock);
    deliver_locked(hub, group, NULL);
    pthread_mutex_unlock(&hub->lock);
}

/* When memory runs out nobody is moved, and all is read again at the next tick. */
static void deliver(struct log_hub *hub, struct log_group *group)
{
    struct error ignored = {0};
    struct batch *batch;

    if (group->text.length == 0) {
        if (group->next_run != group->run || group->next_seq != group->seq)
            skip(hub, group);
        return;
    }
    batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return;
    batch->holders = 1;
    batch->length = group->text.length;
    batch->text = buffer_take(&group->text, &ignored);
    pthread_mutex_lock(&hub->lock);
    if (batch->text != NULL)
        deliver_locked(hub, group, batch);
    drop_locked(batch);
    pthread_mutex_unlock(&hub->lock);
}

/* The thread ------------------------------------------------------------------------------------*/

static bool fill(struct log_hub *hub, struct log_group *groups, size_t count, struct error *err)
{
    struct pg *db = pg_pool_borrow(hub->pool, err);
    bool ok = db != NULL && log_groups_fill(groups, count, db, err);

    pg_pool_return(hub->pool, db);
    return ok;
}

/* Asks for everyone once. False when the database could not be asked. */
static bool ask(struct log_hub *hub)
{
    struct log_group groups[LOG_GROUPS_MOST];
    struct error err = {0};
    size_t count;
    bool ok = true;

    hub->tick++;
    while (ok && (count = collect_groups(hub, groups)) > 0) {
        ok = fill(hub, groups, count, &err);
        for (size_t at = 0; at < count; at++) {
            if (ok)
                deliver(hub, &groups[at]);
            log_group_clear(&groups[at]);
        }
    }
    if (!ok && !hub->failing)
        log_failure("cannot read log lines", &err);
    hub->failing = !ok;
    return ok;
}

/* Waits for the next tick, and while nobody follows. False when the hub is to stop. */
static bool wait_tick(struct log_hub *hub, int64_t wait_ms)
{
    int64_t until_ms = clock_monotonic_ms() + wait_ms;
    bool go_on;

    pthread_mutex_lock(&hub->lock);
    while (!hub->stopped && (TAILQ_EMPTY(&hub->followers) || clock_monotonic_ms() < until_ms))
        cond_wait(&hub->wanted, &hub->lock,
                  TAILQ_EMPTY(&hub->followers) ? 60000 : until_ms - clock_monotonic_ms());
    go_on = !hub->stopped;
    pthread_mutex_unlock(&hub->lock);
    return go_on;
}

static void *run(void *context)
{
    struct log_hub *hub = context;
    bool ok = true;

    while (wait_tick(hub, ok ? TICK_MS : PAUSE_MS))
        ok = ask(hub);
    return NULL;
}

struct log_hub *log_hub_new(struct pg_pool *pool, struct error *err)
{
    struct log_hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL) {
        error_no_memory(err);
        return NULL;
    }
    hub->pool = pool;
    TAILQ_INIT(&hub->followers);
    pthread_mutex_init(&hub->lock, NULL);
    cond_init(&hub->wanted);
    if (thread_start(&hub->thread, run, hub, err))
        return hub;
    pthread_cond_destroy(&hub->wanted);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
    return NULL;
}

void log_hub_stop(struct log_hub *hub)
{
    struct log_follower *follower;

    pthread_mutex_lock(&hub->lock);
    hub->stopped = true;
    pthread_cond_signal(&hub->wanted);
    TAILQ_FOREACH(follower, &hub->followers, entry)
    pthread_cond_signal(&follower->news);
    pthread_mutex_unlock(&hub->lock);
}

void log_hub_free(struct log_hub *hub)
{
    if (hub == NULL)
        return;
    log_hub_stop(hub);
    pthread_join(hub->thread, NULL);
    pthread_cond_destroy(&hub->wanted);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

/* Followers -------------------------------------------------------------------------------------*/

struct log_follower *log_hub_follow(struct log_hub *hub, const char *job_id, int run_seen,
                                    int seq_seen, int rank, struct error *err)
{
    size_t size = strlen(job_id) + 1;
    struct log_follower *follower = calloc(1, sizeof *follower + size);
    bool stopped;

    if (follower == NULL) {
        error_no_memory(err);
        return NULL;
    }
    follower->hub = hub;
    follower->run = run_seen;
    follower->seq = seq_seen;
    follower->rank = rank;
    memcpy(follower->job_id, job_id, size);
    cond_init(&follower->news);
    pthread_mutex_lock(&hub->lock);
    stopped = hub->stopped;
    if (!stopped)
        TAILQ_INSERT_TAIL(&hub->followers, follower, entry);
    pthread_cond_signal(&hub->wanted);
    pthread_mutex_unlock(&hub->lock);
    if (!stopped)
        return follower;
    error_set(err, ERROR_UNAVAILABLE, "the server is stopping; try again later");
    pthread_cond_destroy(&follower->news);
    free(follower);
    return NULL;
}

void log_follower_free(struct log_follower *follower)
{
    struct log_hub *hub;

    if (follower == NULL)
        return;
    hub = follower->hub;
    pthread_mutex_lock(&hub->lock);
    TAILQ_REMOVE(&hub->followers, follower, entry);
    while (follower->queued > 0)
        drop_locked(follower->queue[--follower->queued]);
    pthread_mutex_unlock(&hub->lock);
    pthread_cond_destroy(&follower->news);
    free(follower);
}

/* The batch to read from; NULL: *ended, or it was quiet for long. */
static const struct batch *wait_for_batch(struct log_follower *follower, bool *ended)
{
    struct log_hub *hub = follower->hub;
    int64_t until_ms = clock_monotonic_ms() + QUIET_MS;
    const struct batch *batch;

    pthread_mutex_lock(&hub->lock);
    while (follower->queued == 0 && !follower->ended && !hub->stopped &&
           clock_monotonic_ms() < until_ms)
        cond_wait(&follower->news, &hub->lock, until_ms - clock_monotonic_ms());
    batch = follower->queued > 0 ? follower->queue[0] : NULL;
    *ended = follower->ended || hub->stopped;
    pthread_mutex_unlock(&hub->lock);
    return batch;
}

static void pop(struct log_follower *follower)
{
    pthread_mutex_lock(&follower->hub->lock);
    drop_locked(follower->queue[0]);
    follower->queued--;
    memmove(follower->queue, follower->queue + 1, follower->queued * sizeof *follower->queue);
    pthread_mutex_unlock(&follower->hub->lock);
    follower->offset = 0;
}

static ssize_t put(char *bytes, size_t most, const char *text)
{
    size_t length = strlen(text);

    if (length > most)
        return 0;
    memcpy(bytes, text, length);
    return (ssize_t)length;
}

ssize_t log_follower_read(void *context, char *bytes, size_t most)
{
    struct log_follower *follower = context;
    const struct batch *batch;
    bool ended = false;
    size_t length;

    if (!follower->greeted) {
        follower->greeted = true;
        return put(bytes, most, "retry: 1000\n\n"); /* so that the headers leave at once */
    }
    batch = wait_for_batch(follower, &ended);
    if (batch == NULL)
        return ended ? -1 : put(bytes, most, ": nothing new\n\n");
    length = batch->length - follower->offset;
    if (length > most)
        length = most;
    memcpy(bytes, batch->text + follower->offset, length);
    follower->offset += length;
    if (follower->offset == batch->length)
        pop(follower);
    return (ssize_t)length;
}
