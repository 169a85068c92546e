/*
 * key_cache.h - the API keys that this process has seen, so that a request asks no database.
 *
 * Looking a known key up takes a read lock for a moment. One thread asks the database for keys
 * nobody here has seen, once however many requests bring it, and twice a second for what changed:
 * a revoked key is refused everywhere within a second. While the database is away, known keys go on
 * being good until they expire, by this machine's clock. Every function may be called from any
 * thread.
 */
#ifndef TRAINYARD_API_KEY_CACHE_H
#define TRAINYARD_API_KEY_CACHE_H

#include "api/auth.h"

struct key_cache;
struct pg_pool;

enum key_state { KEY_ACTIVE, KEY_REVOKED, KEY_EXPIRED, KEY_UNKNOWN };

enum { KEY_CACHE_WAIT_MS = 2000 };

/* Starts the thread; borrows pool. NULL on failure: ERROR_NO_MEMORY. */
MUST_CHECK struct key_cache *key_cache_new(struct pg_pool *pool, struct error *err);

/* Stops the thread; nobody may use the cache any more. NULL is allowed. */
void key_cache_free(struct key_cache *cache);

/* The same as key_cache_find() for a key that this process has seen; false for others. Never waits.
 */
MUST_CHECK bool key_cache_look(struct key_cache *cache, const char *hash, struct identity *identity,
                               enum key_state *state);

/*
 * What is known of the key with this SHA-256; identity is filled unless the state is KEY_UNKNOWN.
 * Waits up to KEY_CACHE_WAIT_MS for a key not seen before. ERROR_UNAVAILABLE when that ran out, or
 * the database cannot be asked.
 */
MUST_CHECK bool key_cache_find(struct key_cache *cache, const char *hash, struct identity *identity,
                               enum key_state *state, struct error *err);

/* Refuses the key with this id from now on: it was revoked. */
void key_cache_revoke(struct key_cache *cache, const char *key_id);

/* Calls visit for every key that was seen; it must be quick, and not ask the cache. */
void key_cache_each(struct key_cache *cache,
                    void (*visit)(void *context, const struct identity *identity), void *context);

#endif
