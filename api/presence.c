/* presence.c - see presence.h. */
#include "api/presence.h"

#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/postgres/pool.h"
#include "infra/store/instances.h"

#include <stdlib.h>

enum { PERIOD_MS = 5000 };

struct presence {
    struct pg_pool *pool; /* read-only after _new */
    const char *instance_id;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stop; /* guarded by lock */
    bool away; /* the thread only */
};

static void tell(struct presence *presence)
{
    struct error err = {0};
    struct pg *db = pg_pool_borrow(presence->pool, &err);
    bool ok = db != NULL && instances_heartbeat(db, presence->instance_id, "api", NULL, 0, &err);

    if (!ok && !presence->away)
        log_failure("could not tell the database that this process lives", &err);
    presence->away = !ok;
    pg_pool_return(presence->pool, db);
}

static void sign_off(struct presence *presence)
{
    struct error err = {0};
    struct pg *db = pg_pool_borrow(presence->pool, &err);

    if (db == NULL || !instances_leave(db, presence->instance_id, &err))
        log_failure("could not sign off; the list of instances clears itself", &err);
    pg_pool_return(presence->pool, db);
}

static void *run(void *context)
{
    struct presence *presence = context;

    pthread_mutex_lock(&presence->lock);
    while (!presence->stop) {
        pthread_mutex_unlock(&presence->lock);
        tell(presence);
        pthread_mutex_lock(&presence->lock);
        if (!presence->stop)
            cond_wait(&presence->stopped, &presence->lock, PERIOD_MS);
    }
    pthread_mutex_unlock(&presence->lock);
    return NULL;
}

struct presence *presence_new(struct pg_pool *pool, const char *instance_id, struct error *err)
{
    struct presence *presence = calloc(1, sizeof *presence);

    if (presence == NULL) {
        error_no_memory(err);
        return NULL;
    }
    presence->pool = pool;
    presence->instance_id = instance_id;
    pthread_mutex_init(&presence->lock, NULL);
    cond_init(&presence->stopped);
    if (thread_start(&presence->thread, run, presence, err))
        return presence;
    pthread_cond_destroy(&presence->stopped);
    pthread_mutex_destroy(&presence->lock);
    free(presence);
    return NULL;
}

void presence_free(struct presence *presence)
{
    if (presence == NULL)
        return;
    pthread_mutex_lock(&presence->lock);
    presence->stop = true;
    pthread_cond_signal(&presence->stopped);
    pthread_mutex_unlock(&presence->lock);
    pthread_join(presence->thread, NULL);
    sign_off(presence);
    pthread_cond_destroy(&presence->stopped);
    pthread_mutex_destroy(&presence->lock);
    free(presence);
}
