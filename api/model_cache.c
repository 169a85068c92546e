/* model_cache.c - see model_cache.h. */
#include "api/model_cache.h"

#include "api/model_changes.h"
#include "api/model_names.h"
#include "api/services.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/blob/blob.h"
#include "infra/postgres/pool.h"
#include "infra/store/served.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 500, ERROR_MS = 500, USED_STEP_MS = 100 };

/* What stands for the word in the name of a deployment: no part of a path is empty. */
static const char DEPLOYMENT_WORD[] = "";

struct model_cache {
    /* read-only after _new */
    struct services *services;
    size_t most_bytes;
    pthread_t thread;
    /* guarded by names_lock; never held while anything is waited for */
    pthread_rwlock_t names_lock;
    struct model_names names;
    /* guarded by lock, which may be taken with names_lock held */
    pthread_mutex_t lock;
    pthread_cond_t wanted;  /* a name is in the queue, or the cache stops */
    pthread_cond_t settled; /* a name got its meaning */
    bool is_wanted;
    bool stopped;
    uint64_t settled_count;
    /* the thread only */
    struct model_changes changes;
    bool failing;
};

/* Looking up ------------------------------------------------------------------------------------*/

/* What a name means; true when that is settled, *model NULL and err set for an error. */
static bool look_locked(const struct model_name *name, struct loaded_model **model,
                        struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    *model = NULL;
    if (name == NULL || name->state == NAME_WANTED)
        return false;
    if (name->state == NAME_ERROR) {
        if (name->until_ms < now_ms)
            return false;
        *err = name->err;
        return true;
    }
    *model = name->model;
    atomic_fetch_add(&name->model->holders, 1);
    if (now_ms - atomic_load_explicit(&name->model->used_ms, memory_order_relaxed) > USED_STEP_MS)
        atomic_store_explicit(&name->model->used_ms, now_ms, memory_order_relaxed);
    return true;
}

static bool look(struct model_cache *cache, const char *account, const char *model,
                 const char *word, struct loaded_model **found, struct error *err)
{
    bool settled;

    pthread_rwlock_rdlock(&cache->names_lock);
    settled = look_locked(model_names_find(&cache->names, account, model, word), found, err);
    pthread_rwlock_unlock(&cache->names_lock);
    return settled;
}

static void wake_thread(struct model_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    cache->is_wanted = true;
    pthread_cond_signal(&cache->wanted);
    pthread_mutex_unlock(&cache->lock);
}

/* Asks for a name to be looked up. False when there is no room for it. */
static bool request(struct model_cache *cache, const char *account, const char *model,
                    const char *word)
{
    struct model_name *name;

    pthread_rwlock_wrlock(&cache->names_lock);
    name = model_names_find(&cache->names, account, model, word);
    if (name == NULL)
        name = model_names_add(&cache->names, account, model, word);
    if (name != NULL) {
        if (name->state == NAME_ERROR && name->until_ms < clock_monotonic_ms())
            name->state = NAME_WANTED;
        if (name->state == NAME_WANTED && !name->looking)
            model_names_queue(&cache->names, name);
    }
    pthread_rwlock_unlock(&cache->names_lock);
    wake_thread(cache);
    return name != NULL;
}

/* Waits until any name was settled after count; *count is then how many were. False: too late. */
static bool wait_settled(struct model_cache *cache, uint64_t *count, int64_t deadline_ms)
{
    bool in_time = true;

    pthread_mutex_lock(&cache->lock);
    while (in_time && cache->settled_count == *count && !cache->stopped) {
        int64_t left_ms = deadline_ms - clock_monotonic_ms();

        in_time = left_ms > 0;
        if (in_time)
            cond_wait(&cache->settled, &cache->lock, left_ms);
    }
    *count = cache->settled_count;
    in_time = in_time && !cache->stopped;
    pthread_mutex_unlock(&cache->lock);
    return in_time;
}

static struct loaded_model *wait_for(struct model_cache *cache, const char *account,
                                     const char *model, const char *word, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + MODEL_CACHE_WAIT_MS;
    struct loaded_model *found = NULL;
    uint64_t count;
    bool in_time = true;

    pthread_mutex_lock(&cache->lock);
    count = cache->settled_count;
    pthread_mutex_unlock(&cache->lock);
    while (in_time) {
        if (!request(cache, account, model, word))
            break;
        if (look(cache, account, model, word, &found, err))
            return found;
        in_time = wait_settled(cache, &count, deadline_ms);
        if (look(cache, account, model, word, &found, err))
            return found;
    }
    error_set(err, ERROR_UNAVAILABLE, "the model is being loaded; try again in a moment");
    return NULL;
}

const struct open_model *model_cache_borrow(struct model_cache *cache, const char *account,
                                            const char *name, const char *word, struct error *err)
{
    struct loaded_model *found = NULL;

    if (strlen(name) > MODEL_NAME_MOST) {
        error_set(err, ERROR_NOT_FOUND, "no model is named %.100s", name);
    } else if (strlen(word) > MODEL_WORD_MOST || strlen(account) > ACCOUNT_MOST) {
        error_set(err, ERROR_NOT_FOUND, "model %.70s has no version %.50s", name, word);
    } else if (!look(cache, account, name, word, &found, err)) {
        found = wait_for(cache, account, name, word, err);
    }
    return found == NULL ? NULL : &found->open;
}

const struct open_model *model_cache_borrow_deployment(struct model_cache *cache,
                                                       const char *account, const char *deployment,
                                                       struct error *err)
{
    struct loaded_model *found = NULL;

    if (strlen(deployment) > MODEL_NAME_MOST || strlen(account) > ACCOUNT_MOST)
        error_set(err, ERROR_NOT_FOUND, "there is no deployment %.100s", deployment);
    else if (!look(cache, account, deployment, DEPLOYMENT_WORD, &found, err))
        found = wait_for(cache, account, deployment, DEPLOYMENT_WORD, err);
    return found == NULL ? NULL : &found->open;
}

const struct open_model *model_cache_pin(struct model_cache *cache, const char *account,
                                         const char *deployment, struct error *err)
{
    const struct open_model *model = model_cache_borrow_deployment(cache, account, deployment, err);

    if (model != NULL)
        atomic_fetch_add(&((struct loaded_model *)model)->pins, 1);
    return model;
}

void model_cache_unpin(struct model_cache *cache, const struct open_model *model)
{
    if (model != NULL)
        atomic_fetch_sub(&((struct loaded_model *)model)->pins, 1);
    model_cache_return(cache, model);
}

void model_cache_return(struct model_cache *cache, const struct open_model *model)
{
    (void)cache;
    if (model != NULL)
        loaded_model_drop((struct loaded_model *)model);
}

void model_cache_usage(struct model_cache *cache, size_t *models, size_t *bytes)
{
    pthread_rwlock_rdlock(&cache->names_lock);
    *models = cache->names.models_count;
    *bytes = cache->names.models_bytes;
    pthread_rwlock_unlock(&cache->names_lock);
}

/* Loading ---------------------------------------------------------------------------------------*/

static struct loaded_model *open_version(struct model_cache *cache, const struct served *served,
                                         struct error *err)
{
    const char *name = served->model_name;
    struct loaded_model *model = calloc(1, sizeof *model);
    char path[BLOB_PATH_BYTES];
    struct predictor *predictor = NULL;

    if (model == NULL) {
        error_no_memory(err);
        return NULL;
    }
    if (!blobs_path(cache->services->blobs, served->artifact_digest, path, err) ||
        (predictor = predictor_open(path, err)) == NULL) {
        log_failure("cannot open a model", err, log_str("version", served->version_id));
        if (err->code != ERROR_NO_MEMORY)
            error_set(err, ERROR_INTERNAL, "the model's file is missing or damaged");
        free(model);
        return NULL;
    }
    snprintf(model->name, sizeof model->name, "%.*s", MODEL_NAME_MOST, name);
    snprintf(model->version, sizeof model->version, "v%d.0", served->version);
    snprintf(model->version_id, sizeof model->version_id, "%.*s", ID_BYTES - 1, served->version_id);
    snprintf(model->answer_fields, sizeof model->answer_fields,
             ",\"model_name\":\"%s\",\"model_id\":\"%s:%s\",\"model_version\":\"%s\"", model->name,
             model->name, model->version, model->version);
    model->bytes = predictor_size_bytes(predictor);
    model->used_ms = clock_monotonic_ms();
    model->holders = 1;
    model->open = (struct open_model){.predictor = predictor,
                                      .name = model->name,
                                      .version = model->version,
                                      .has_output_schema = served->has_output_schema,
                                      .answer_fields = model->answer_fields};
    log_info("model opened", log_str("model", name), log_str("version", served->version_id),
             log_int("size_bytes", (int64_t)model->bytes));
    return model;
}

static bool is_ready(const char *name, const struct served *served, struct error *err)
{
    const char *status = state_word(MACHINE_VERSION, (int)served->status);

    if (served->status == VERSION_READY && served->artifact_digest != NULL)
        return true;
    if (served->status == VERSION_ERROR)
        return error_set(err, ERROR_CONFLICT,
                         "version v%d.0 of model %.70s is ERROR: GET /models/%.70s/v%d.0/status "
                         "says why",
                         served->version, name, name, served->version);
    return error_set(
        err, ERROR_CONFLICT,
        "version v%d.0 of model %.70s is %s: wait until GET /models/%.70s/v%d.0/status "
        "says READY",
        served->version, name, status, name, served->version);
}

static bool find(struct pg *db, const struct model_name *name, struct served *served,
                 struct error *err)
{
    if (strcmp(name->word, DEPLOYMENT_WORD) == 0)
        return served_find_deployment(db, name->account, name->name, served, err);
    return served_find(db, name->account, name->name, name->word, served, err);
}

/* The open model of a version; NULL with err set when there is none. */
static struct loaded_model *load(struct model_cache *cache, const struct model_name *name,
                                 struct error *err)
{
    struct pg *db = pg_pool_borrow(cache->services->db, err);
    struct served served = {0};
    struct loaded_model *model = NULL;
    bool found =
        db != NULL && find(db, name, &served, err) && is_ready(served.model_name, &served, err);

    pg_pool_return(cache->services->db, db);
    if (found) {
        pthread_rwlock_rdlock(&cache->names_lock);
        model = model_names_loaded(&cache->names, served.version_id);
        pthread_rwlock_unlock(&cache->names_lock);
        if (model == NULL)
            model = open_version(cache, &served, err);
    }
    served_clear(&served);
    return model;
}

/* Looks one name up. What it meant stays when only the database cannot be asked. The name's texts
 * are read without the lock: they never change, and only this thread removes names. */
static void settle(struct model_cache *cache, struct model_name *name)
{
    struct error err = {0};
    struct loaded_model *model = load(cache, name, &err);

    pthread_rwlock_wrlock(&cache->names_lock);
    if (model != NULL)
        model_names_open(&cache->names, name, model);
    else if (name->state != NAME_OPEN || err.code != ERROR_UNAVAILABLE)
        model_names_fail(&cache->names, name, &err, clock_monotonic_ms() + ERROR_MS);
    else
        name->looking = false;
    pthread_rwlock_unlock(&cache->names_lock);
    pthread_mutex_lock(&cache->lock);
    cache->settled_count++;
    pthread_cond_broadcast(&cache->settled);
    pthread_mutex_unlock(&cache->lock);
}

static void settle_all(struct model_cache *cache)
{
    struct model_name *name;

    for (;;) {
        pthread_rwlock_wrlock(&cache->names_lock);
        name = model_names_next(&cache->names);
        pthread_rwlock_unlock(&cache->names_lock);
        if (name == NULL)
            return;
        settle(cache, name);
    }
}

/* The thread ------------------------------------------------------------------------------------*/

/* A model's versions changed, or a deployment: all its names are to be looked up anew. */
static void queue_model(void *context, const char *account, const char *model)
{
    struct model_cache *cache = context;

    pthread_rwlock_wrlock(&cache->names_lock);
    model_names_queue_model(&cache->names, account, model);
    pthread_rwlock_unlock(&cache->names_lock);
}

static void poll_changes(struct model_cache *cache)
{
    struct error err = {0};
    struct pg *db = pg_pool_borrow(cache->services->db, &err);
    bool ok = db != NULL && model_changes_poll(&cache->changes, db, queue_model, cache, &err);

    if (!ok && !cache->failing)
        log_failure("cannot ask which models changed", &err);
    cache->failing = !ok;
    pg_pool_return(cache->services->db, db);
}

/* Waits for work or for the tick. False when the cache is to stop. */
static bool wait_work(struct model_cache *cache, int64_t until_ms)
{
    bool go_on;

    pthread_mutex_lock(&cache->lock);
    while (!cache->stopped && !cache->is_wanted && clock_monotonic_ms() < until_ms)
        cond_wait(&cache->wanted, &cache->lock, until_ms - clock_monotonic_ms());
    cache->is_wanted = false;
    go_on = !cache->stopped;
    pthread_mutex_unlock(&cache->lock);
    return go_on;
}

static void *run(void *context)
{
    struct model_cache *cache = context;
    int64_t tick_ms = clock_monotonic_ms();

    while (wait_work(cache, tick_ms)) {
        bool ticks = clock_monotonic_ms() >= tick_ms;

        if (ticks)
            poll_changes(cache);
        settle_all(cache);
        pthread_rwlock_wrlock(&cache->names_lock);
        model_names_trim(&cache->names, clock_monotonic_ms(), cache->most_bytes);
        pthread_rwlock_unlock(&cache->names_lock);
        if (ticks)
            tick_ms = clock_monotonic_ms() + TICK_MS;
    }
    return NULL;
}

/* Requests without end must not keep the thread from writing. */
static void init_names_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;

    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

struct model_cache *model_cache_new(struct services *services, struct error *err)
{
    struct model_cache *cache = calloc(1, sizeof *cache);

    if (cache == NULL) {
        error_no_memory(err);
        return NULL;
    }
    cache->services = services;
    cache->most_bytes = (size_t)services->config->model_cache_mb << 20;
    model_names_init(&cache->names);
    init_names_lock(&cache->names_lock);
    pthread_mutex_init(&cache->lock, NULL);
    cond_init(&cache->wanted);
    cond_init(&cache->settled);
    if (thread_start(&cache->thread, run, cache, err))
        return cache;
    free(cache);
    return NULL;
}

void model_cache_free(struct model_cache *cache)
{
    if (cache == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    cache->stopped = true;
    pthread_cond_signal(&cache->wanted);
    pthread_cond_broadcast(&cache->settled);
    pthread_mutex_unlock(&cache->lock);
    pthread_join(cache->thread, NULL);
    model_names_clear(&cache->names);
    pthread_cond_destroy(&cache->settled);
    pthread_cond_destroy(&cache->wanted);
    pthread_mutex_destroy(&cache->lock);
    pthread_rwlock_destroy(&cache->names_lock);
    model_changes_clear(&cache->changes);
    free(cache);
}
