/* pool.c - see pool.h. */
#include "infra/postgres/pool.h"

#include "infra/base/clock.h"
#include "infra/base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BORROW_TIMEOUT_MS = 5000 };

struct pg_pool {
    /* read-only after _new */
    char *url;
    size_t most;
    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t returned;
    size_t lent;
    size_t idle_count;
    struct pg *idle[]; /* a stack: the session used last is the warmest */
};

struct pg_pool *pg_pool_new(const char *url, size_t most, struct error *err)
{
    struct pg_pool *pool = calloc(1, sizeof *pool + most * sizeof *pool->idle);

    if (pool == NULL || (pool->url = strdup(url)) == NULL) {
        free(pool);
        error_no_memory(err);
        return NULL;
    }
    pool->most = most;
    pthread_mutex_init(&pool->lock, NULL);
    cond_init(&pool->returned);
    return pool;
}

void pg_pool_free(struct pg_pool *pool)
{
    if (pool == NULL)
        return;
    while (pool->idle_count > 0)
        pg_close(pool->idle[--pool->idle_count]);
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->lock);
    free(pool->url);
    free(pool);
}

/* Takes a place, and an idle session if there is one; false when all are lent out for too long. */
static bool take_place(struct pg_pool *pool, struct pg **pg)
{
    int64_t deadline = clock_monotonic_ms() + BORROW_TIMEOUT_MS;
    bool taken = true;

    pthread_mutex_lock(&pool->lock);
    while (taken && pool->lent == pool->most)
        taken = cond_wait(&pool->returned, &pool->lock, deadline - clock_monotonic_ms());
    if (taken) {
        pool->lent++;
        *pg = pool->idle_count > 0 ? pool->idle[--pool->idle_count] : NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

static void leave_place(struct pg_pool *pool, struct pg *idle)
{
    pthread_mutex_lock(&pool->lock);
    pool->lent--;
    if (idle != NULL)
        pool->idle[pool->idle_count++] = idle;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->lock);
}

struct pg *pg_pool_borrow(struct pg_pool *pool, struct error *err)
{
    struct pg *pg = NULL;

    if (!take_place(pool, &pg)) {
        error_set(err, ERROR_UNAVAILABLE, "the server is busy; try again later");
        return NULL;
    }
    if (pg == NULL)
        pg = pg_open(pool->url, err);
    else if (!pg_revive(pg, err)) {
        pg_close(pg);
        pg = NULL;
    }
    if (pg == NULL)
        leave_place(pool, NULL);
    return pg;
}

void pg_pool_return(struct pg_pool *pool, struct pg *pg)
{
    if (pg == NULL)
        return;
    pg_rollback(pg);
    leave_place(pool, pg);
}
