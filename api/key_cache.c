/* key_cache.c - see key_cache.h. */
#include "api/key_cache.h"

#include "api/key_table.h"
#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/postgres/pool.h"
#include "infra/store/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 500 };

/* Requests a minute by plan; others are not limited. */
static const struct {
    const char *plan;
    int per_minute;
} PLANS[] = {{"basic", 100}, {"pro", 500}};

/* A request that waits for an answer about a key; on its thread's stack. Guarded by lock. */
struct question {
    struct question *next;
    const char *hash;
    bool answered;
    bool failed;
    struct error err; /* when it failed */
};

struct key_cache {
    struct pg_pool *pool; /* read-only after _new */
    pthread_t thread;

    pthread_rwlock_t table_lock;
    struct key_table table; /* guarded by table_lock */

    pthread_mutex_t lock;
    pthread_cond_t asked;
    pthread_cond_t told;
    /* guarded by lock */
    bool stop;
    struct question *questions;

    /* the cache's thread only */
    char since[64]; /* up to when changes are known */
    int64_t polled_ms;
    bool away; /* the database could not be asked, and the log says so */
};

/* The database ---------------------------------------------------------------------------------*/

static int per_minute(const char *plan)
{
    for (size_t at = 0; at < sizeof PLANS / sizeof *PLANS; at++)
        if (strcmp(PLANS[at].plan, plan) == 0)
            return PLANS[at].per_minute;
    return 0;
}

static void read_key(const struct key *row, struct known_key *key)
{
    *key = (struct known_key){
        .exists = true, .revoked = row->revoked, .expires_at_ms = row->expires_at_ms};
    key->identity.may_write = row->may_write;
    key->identity.per_minute = per_minute(row->plan);
    snprintf(key->hash, sizeof key->hash, "%s", row->hash);
    snprintf(key->identity.account, sizeof key->identity.account, "%s", row->account);
    snprintf(key->identity.key, sizeof key->identity.key, "%s", row->id);
}

static bool put(struct key_cache *cache, const struct known_key *key, struct error *err)
{
    bool ok;

    pthread_rwlock_wrlock(&cache->table_lock);
    ok = key_table_put(&cache->table, key);
    pthread_rwlock_unlock(&cache->table_lock);
    return ok || error_no_memory(err);
}

/* Asks the database about one key, and notes what it says: also that there is none such. */
static bool ask(struct key_cache *cache, struct pg *db, const char *hash, struct error *err)
{
    struct known_key key = {0};
    struct pg_rows *rows = keys_find(db, hash, err);
    struct key row;

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) > 0) {
        key_read(rows, 0, &row);
        read_key(&row, &key);
    } else {
        snprintf(key.hash, sizeof key.hash, "%s", hash);
    }
    pg_rows_free(rows);
    return put(cache, &key, err);
}

static bool poll_changes(struct key_cache *cache, struct pg *db, struct error *err)
{
    struct pg_rows *rows = keys_changed(db, cache->since, err);
    bool ok = rows != NULL;

    for (size_t at = 0; ok && at < pg_rows_count(rows); at++) {
        struct known_key key;
        struct key row;

        key_read(rows, at, &row);
        read_key(&row, &key);
        ok = put(cache, &key, err);
        snprintf(cache->since, sizeof cache->since, "%s", row.changed_at);
    }
    pg_rows_free(rows);
    return ok;
}

/* The thread ----------------------------------------------------------------------------------*/

/* Answers all who ask about this key. */
static void answer_locked(struct key_cache *cache, const char *hash, bool ok,
                          const struct error *err)
{
    struct question **link = &cache->questions;

    while (*link != NULL) {
        struct question *question = *link;

        if (strcmp(question->hash, hash) != 0) {
            link = &question->next;
            continue;
        }
        *link = question->next;
        question->answered = true;
        question->failed = !ok;
        if (!ok)
            question->err = *err;
    }
    pthread_cond_broadcast(&cache->told);
}

/* Answers questions until there are none. */
static bool answer_questions(struct key_cache *cache, struct pg *db, struct error *err)
{
    char hash[DIGEST_BYTES];
    bool ok = true;

    pthread_mutex_lock(&cache->lock);
    while (cache->questions != NULL && !cache->stop) {
        memcpy(hash, cache->questions->hash, sizeof hash);
        pthread_mutex_unlock(&cache->lock);
        ok = db != NULL && ask(cache, db, hash, err);
        pthread_mutex_lock(&cache->lock);
        answer_locked(cache, hash, ok, err);
    }
    pthread_mutex_unlock(&cache->lock);
    return ok;
}

static void look(struct key_cache *cache)
{
    struct error err = {0};
    struct pg *db = pg_pool_borrow(cache->pool, &err);
    bool ok = answer_questions(cache, db, &err) && db != NULL;

    if (ok && clock_monotonic_ms() - cache->polled_ms >= POLL_MS) {
        cache->polled_ms = clock_monotonic_ms();
        ok = poll_changes(cache, db, &err);
    }
    if (!ok && !cache->away)
        log_failure("could not ask for keys; those that are known stay good", &err);
    cache->away = !ok;
    pg_pool_return(cache->pool, db);
}

static void *run(void *context)
{
    struct key_cache *cache = context;

    pthread_mutex_lock(&cache->lock);
    while (!cache->stop) {
        pthread_mutex_unlock(&cache->lock);
        look(cache);
        pthread_mutex_lock(&cache->lock);
        if (!cache->stop && cache->questions == NULL)
            cond_wait(&cache->asked, &cache->lock, POLL_MS);
    }
    pthread_mutex_unlock(&cache->lock);
    return NULL;
}

/* Readers come all the time: they must not keep the one writer out. */
static void init_table_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;

    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

/* Public --------------------------------------------------------------------------------------*/

struct key_cache *key_cache_new(struct pg_pool *pool, struct error *err)
{
    struct key_cache *cache = calloc(1, sizeof *cache);

    if (cache == NULL) {
        error_no_memory(err);
        return NULL;
    }
    cache->pool = pool;
    strcpy(cache->since, "-infinity");
    cache->polled_ms = INT64_MIN / 2;
    init_table_lock(&cache->table_lock);
    pthread_mutex_init(&cache->lock, NULL);
    cond_init(&cache->asked);
    cond_init(&cache->told);
    if (thread_start(&cache->thread, run, cache, err))
        return cache;
    free(cache);
    return NULL;
}

void key_cache_free(struct key_cache *cache)
{
    if (cache == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    cache->stop = true;
    pthread_cond_signal(&cache->asked);
    pthread_mutex_unlock(&cache->lock);
    pthread_join(cache->thread, NULL);
    key_table_clear(&cache->table);
    pthread_cond_destroy(&cache->told);
    pthread_cond_destroy(&cache->asked);
    pthread_mutex_destroy(&cache->lock);
    pthread_rwlock_destroy(&cache->table_lock);
    free(cache);
}

static enum key_state state_of(const struct known_key *key)
{
    if (!key->exists)
        return KEY_UNKNOWN;
    if (key->revoked)
        return KEY_REVOKED;
    if (key->expires_at_ms != 0 && key->expires_at_ms <= clock_wall_ms())
        return KEY_EXPIRED;
    return KEY_ACTIVE;
}

bool key_cache_look(struct key_cache *cache, const char *hash, struct identity *identity,
                    enum key_state *state)
{
    const struct known_key *key;

    pthread_rwlock_rdlock(&cache->table_lock);
    key = key_table_find(&cache->table, hash);
    if (key != NULL) {
        *identity = key->identity;
        *state = state_of(key);
    }
    pthread_rwlock_unlock(&cache->table_lock);
    return key != NULL;
}

static void forget_question_locked(struct key_cache *cache, struct question *question)
{
    struct question **link = &cache->questions;

    while (*link != NULL && *link != question)
        link = &(*link)->next;
    if (*link != NULL)
        *link = question->next;
}

/* Waits until the thread has asked the database about a key. */
static bool ask_and_wait(struct key_cache *cache, const char *hash, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + KEY_CACHE_WAIT_MS;
    struct question question = {.hash = hash};
    int64_t left_ms = KEY_CACHE_WAIT_MS;

    pthread_mutex_lock(&cache->lock);
    question.next = cache->questions;
    cache->questions = &question;
    pthread_cond_signal(&cache->asked);
    while (!question.answered && left_ms > 0) {
        cond_wait(&cache->told, &cache->lock, left_ms);
        left_ms = deadline_ms - clock_monotonic_ms();
    }
    if (!question.answered)
        forget_question_locked(cache, &question);
    pthread_mutex_unlock(&cache->lock);
    if (!question.answered)
        return error_set(err, ERROR_UNAVAILABLE, "the key could not be checked; try again later");
    if (question.failed)
        *err = question.err;
    return !question.failed;
}

bool key_cache_find(struct key_cache *cache, const char *hash, struct identity *identity,
                    enum key_state *state, struct error *err)
{
    *state = KEY_UNKNOWN;
    if (key_cache_look(cache, hash, identity, state))
        return true;
    if (!ask_and_wait(cache, hash, err))
        return false;
    if (!key_cache_look(cache, hash, identity, state))
        *state = KEY_UNKNOWN; /* it was forgotten again at once */
    return true;
}

void key_cache_revoke(struct key_cache *cache, const char *key_id)
{
    pthread_rwlock_wrlock(&cache->table_lock);
    key_table_revoke(&cache->table, key_id);
    pthread_rwlock_unlock(&cache->table_lock);
}

void key_cache_each(struct key_cache *cache,
                    void (*visit)(void *context, const struct identity *identity), void *context)
{
    pthread_rwlock_rdlock(&cache->table_lock);
    key_table_each(&cache->table, visit, context);
    pthread_rwlock_unlock(&cache->table_lock);
}
