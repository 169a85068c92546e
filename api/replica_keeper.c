/* replica_keeper.c - see replica_keeper.h. */
#include "api/replica_keeper.h"

#include "api/model_cache.h"
#include "api/services.h"
#include "infra/base/clock.h"
#include "infra/base/ids.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pool.h"
#include "infra/store/replicas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 500, MEND_TICKS = 4, AGAIN_MS = 5000, OUTPUTS_ON_STACK = 64 };

/* A version of a deployment that this instance holds. */
struct held {
    char deployment[ID_BYTES];
    const struct open_model *model; /* NULL: it could not be opened */
    int64_t again_ms;               /* when that is tried again */
    bool wanted;                    /* seen in the last answer */
    struct held *next;
};

struct replica_keeper {
    /* read-only after _new */
    struct services *services;
    pthread_t thread;
    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stop;
    /* the thread only */
    struct held *held;
    size_t held_count; /* those that are open */
    unsigned ticks;
    bool failing;
};

/* One prediction of a row without values: pages are read, and the code is in the caches. */
static bool warm(const struct predictor *predictor, struct error *err)
{
    size_t fields = 0;
    size_t outputs = predictor_outputs(predictor);
    double few[OUTPUTS_ON_STACK];
    double *out = outputs <= OUTPUTS_ON_STACK ? few : calloc(outputs, sizeof *out);
    struct value *row;

    predictor_fields(predictor, &fields);
    row = calloc(fields + 1, sizeof *row); /* VALUE_MISSING each */
    if (out != NULL && row != NULL)
        predictor_run(predictor, row, out);
    else
        error_no_memory(err);
    free(row);
    if (out != few)
        free(out);
    return err->code == ERROR_NONE;
}

static struct held *find(struct replica_keeper *keeper, const char *deployment)
{
    struct held *at = keeper->held;

    while (at != NULL && strcmp(at->deployment, deployment) != 0)
        at = at->next;
    return at;
}

static struct held *add(struct replica_keeper *keeper, const char *deployment)
{
    struct held *held = calloc(1, sizeof *held);

    if (held == NULL)
        return NULL;
    snprintf(held->deployment, sizeof held->deployment, "%s", deployment);
    held->next = keeper->held;
    keeper->held = held;
    return held;
}

/*
 * Opens the version, which its checksum reads whole, and warms it. No session is held meanwhile.
 * What does not work is tried again some seconds later.
 */
static bool hold(struct replica_keeper *keeper, const char *account, struct held *held,
                 struct error *err)
{
    struct model_cache *cache = keeper->services->models;
    const struct open_model *model = model_cache_pin(cache, account, held->deployment, err);

    if (model == NULL || !warm(model->predictor, err)) {
        model_cache_unpin(cache, model);
        held->again_ms = clock_monotonic_ms() + AGAIN_MS;
        return false;
    }
    held->model = model;
    keeper->held_count++;
    log_info("replica is warm", log_str("deployment", held->deployment),
             log_str("model", model->name), log_str("version", model->version));
    return true;
}

/* Lets go of what is not wanted any more. */
static void let_go(struct replica_keeper *keeper)
{
    struct held **at = &keeper->held;

    while (*at != NULL) {
        struct held *held = *at;

        if (held->wanted) {
            at = &held->next;
            continue;
        }
        *at = held->next;
        if (held->model != NULL) {
            keeper->held_count--;
            log_info("replica is let go", log_str("deployment", held->deployment));
            model_cache_unpin(keeper->services->models, held->model);
        }
        free(held);
    }
}

/* Tells how it went with one that was not known to be warm. */
static bool note(struct replica_keeper *keeper, const char *deployment, const char *trouble,
                 struct error *err)
{
    const char *instance = keeper->services->instance_id;
    struct pg *db = pg_pool_borrow(keeper->services->db, err);
    bool ok =
        db != NULL && (trouble == NULL ? replicas_warm(db, instance, deployment, err)
                                       : replicas_trouble(db, instance, deployment, trouble, err));

    pg_pool_return(keeper->services->db, db);
    return ok;
}

static bool keep_one(struct replica_keeper *keeper, const struct pg_rows *rows, size_t row,
                     struct error *err)
{
    const char *deployment = pg_text_or_empty(rows, row, 0);
    struct error trouble = {0};
    struct held *held = find(keeper, deployment);

    if (held == NULL)
        held = add(keeper, deployment);
    if (held == NULL)
        return error_no_memory(err);
    held->wanted = true;
    if (held->model == NULL && clock_monotonic_ms() < held->again_ms)
        return true;
    if (held->model == NULL && !hold(keeper, pg_text_or_empty(rows, row, 1), held, &trouble))
        return note(keeper, deployment, trouble.message, err);
    return pg_bool(rows, row, 2) || note(keeper, deployment, NULL, err);
}

static struct pg_rows *ask(struct replica_keeper *keeper, struct error *err)
{
    struct pg *db = pg_pool_borrow(keeper->services->db, err);
    struct pg_rows *rows = db == NULL ? NULL : replicas_of(db, keeper->services->instance_id, err);

    pg_pool_return(keeper->services->db, db);
    return rows;
}

/* What is held stays so while the database cannot be asked. */
static bool keep_all(struct replica_keeper *keeper, struct error *err)
{
    struct pg_rows *rows = ask(keeper, err);
    bool ok = rows != NULL;

    if (!ok)
        return false;
    for (struct held *at = keeper->held; at != NULL; at = at->next)
        at->wanted = false;
    for (size_t row = 0; row < pg_rows_count(rows); row++)
        ok = keep_one(keeper, rows, row, err) && ok;
    pg_rows_free(rows);
    let_go(keeper);
    metrics_set(keeper->services->metrics, "trainyard_replicas_held", "",
                (double)keeper->held_count);
    return ok;
}

static bool mend(struct replica_keeper *keeper, struct error *err)
{
    struct pg *db = pg_pool_borrow(keeper->services->db, err);
    int64_t looked = 0;
    bool ok = db != NULL && replicas_replace(db, &looked, err);

    pg_pool_return(keeper->services->db, db);
    if (ok && looked > 0)
        log_info("replicas were placed anew", log_int("deployments", looked));
    return ok;
}

static void tick(struct replica_keeper *keeper)
{
    struct error err = {0};
    bool ok = keep_all(keeper, &err);

    if (ok && keeper->ticks++ % MEND_TICKS == 0)
        ok = mend(keeper, &err);
    if (!ok && !keeper->failing)
        log_failure("replicas cannot be looked after now", &err);
    keeper->failing = !ok;
}

static void *run(void *context)
{
    struct replica_keeper *keeper = context;

    pthread_mutex_lock(&keeper->lock);
    while (!keeper->stop) {
        pthread_mutex_unlock(&keeper->lock);
        tick(keeper);
        pthread_mutex_lock(&keeper->lock);
        if (!keeper->stop)
            cond_wait(&keeper->stopped, &keeper->lock, TICK_MS);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

struct replica_keeper *replica_keeper_new(struct services *services, struct error *err)
{
    struct replica_keeper *keeper = calloc(1, sizeof *keeper);

    if (keeper == NULL) {
        error_no_memory(err);
        return NULL;
    }
    keeper->services = services;
    pthread_mutex_init(&keeper->lock, NULL);
    cond_init(&keeper->stopped);
    if (thread_start(&keeper->thread, run, keeper, err))
        return keeper;
    pthread_cond_destroy(&keeper->stopped);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
    return NULL;
}

void replica_keeper_free(struct replica_keeper *keeper)
{
    if (keeper == NULL)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    pthread_cond_signal(&keeper->stopped);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    for (struct held *at = keeper->held; at != NULL; at = at->next)
        at->wanted = false;
    let_go(keeper);
    pthread_cond_destroy(&keeper->stopped);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}
