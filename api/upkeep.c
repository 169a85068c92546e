/* upkeep.c - see upkeep.h. */
#include "api/upkeep.h"

#include "api/key_cache.h"
#include "api/key_meter.h"
#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/postgres/pool.h"
#include "infra/store/kept_answers.h"
#include "infra/store/keys.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PERIOD_MS = 5000,
    PRUNE_MS = 60000,
    PRUNE_MOST = 1000, /* deleted at once */
    USES_MOST = 1000   /* written at once */
};

struct upkeep {
    struct pg_pool *pool; /* read-only after _new */
    struct key_cache *keys;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stop; /* guarded by lock */

    /* the thread only */
    bool away;
    int64_t pruned_ms;
    size_t count;
    struct key_meter *meters[USES_MOST]; /* where a use was taken from */
    struct key_use uses[USES_MOST];
    char ids[USES_MOST][ID_BYTES];
};

/* Meters live as long as the cache. */
static void take_use(void *context, const struct identity *identity)
{
    struct upkeep *upkeep = context;
    struct key_use *use = &upkeep->uses[upkeep->count];

    if (upkeep->count == USES_MOST)
        return;
    key_meter_collect(identity->meter, &use->requests, &use->predictions);
    if (use->requests == 0 && use->predictions == 0)
        return;
    snprintf(upkeep->ids[upkeep->count], ID_BYTES, "%s", identity->key);
    use->key_id = upkeep->ids[upkeep->count];
    upkeep->meters[upkeep->count++] = identity->meter;
}

static void give_back(struct upkeep *upkeep)
{
    for (size_t at = 0; at < upkeep->count; at++)
        key_meter_count(upkeep->meters[at], upkeep->uses[at].requests,
                        upkeep->uses[at].predictions);
}

static bool write_use(struct upkeep *upkeep, struct pg *db, struct error *err)
{
    bool ok = true;

    do {
        upkeep->count = 0;
        key_cache_each(upkeep->keys, take_use, upkeep);
        if (upkeep->count > 0)
            ok = db != NULL && keys_count_use(db, upkeep->uses, upkeep->count, err);
    } while (ok && upkeep->count == USES_MOST);
    if (!ok)
        give_back(upkeep);
    return ok;
}

/* Small bites: nobody shall wait for the locks of a large one. */
static bool prune(struct upkeep *upkeep, struct pg *db, struct error *err)
{
    size_t deleted = PRUNE_MOST;

    if (clock_monotonic_ms() - upkeep->pruned_ms < PRUNE_MS)
        return true;
    upkeep->pruned_ms = clock_monotonic_ms();
    while (deleted == PRUNE_MOST)
        if (!kept_answers_prune(db, PRUNE_MOST, &deleted, err))
            return false;
    return keys_prune_use(db, err);
}

static void work(struct upkeep *upkeep)
{
    struct error err = {0};
    struct pg *db = pg_pool_borrow(upkeep->pool, &err);
    bool ok = write_use(upkeep, db, &err) && db != NULL && prune(upkeep, db, &err);

    if (!ok && !upkeep->away)
        log_failure("the upkeep of the database failed; trying on", &err);
    upkeep->away = !ok;
    pg_pool_return(upkeep->pool, db);
}

static void *run(void *context)
{
    struct upkeep *upkeep = context;

    pthread_mutex_lock(&upkeep->lock);
    while (!upkeep->stop) {
        cond_wait(&upkeep->stopped, &upkeep->lock, PERIOD_MS);
        pthread_mutex_unlock(&upkeep->lock);
        work(upkeep);
        pthread_mutex_lock(&upkeep->lock);
    }
    pthread_mutex_unlock(&upkeep->lock);
    return NULL;
}

struct upkeep *upkeep_new(struct pg_pool *pool, struct key_cache *keys, struct error *err)
{
    struct upkeep *upkeep = calloc(1, sizeof *upkeep);

    if (upkeep == NULL) {
        error_no_memory(err);
        return NULL;
    }
    upkeep->pool = pool;
    upkeep->keys = keys;
    pthread_mutex_init(&upkeep->lock, NULL);
    cond_init(&upkeep->stopped);
    if (thread_start(&upkeep->thread, run, upkeep, err))
        return upkeep;
    pthread_cond_destroy(&upkeep->stopped);
    pthread_mutex_destroy(&upkeep->lock);
    free(upkeep);
    return NULL;
}

void upkeep_free(struct upkeep *upkeep)
{
    if (upkeep == NULL)
        return;
    pthread_mutex_lock(&upkeep->lock);
    upkeep->stop = true;
    pthread_cond_signal(&upkeep->stopped);
    pthread_mutex_unlock(&upkeep->lock);
    pthread_join(upkeep->thread, NULL);
    pthread_cond_destroy(&upkeep->stopped);
    pthread_mutex_destroy(&upkeep->lock);
    free(upkeep);
}
