/*
 * key_table.h - the table of the key cache: hashes of keys, and what is known of them.
 *
 * Not safe for several threads: the cache has the lock.
 */
#ifndef TRAINYARD_API_KEY_TABLE_H
#define TRAINYARD_API_KEY_TABLE_H

#include "api/key_cache.h"
#include "infra/base/digest.h"

enum { KEY_BUCKETS = 4096, KEYS_UNKNOWN_MOST = 10000 };

struct known_key {
    struct known_key *next; /* in its bucket */
    char hash[DIGEST_BYTES];
    bool exists; /* false: there is no such key */
    bool revoked;
    int64_t expires_at_ms;    /* since 1970; 0: never */
    struct identity identity; /* its meter is the table's own, the same as long as it lives */
};

struct key_table {
    size_t unknown; /* how many of them do not exist */
    struct known_key *buckets[KEY_BUCKETS];
};

/* NULL when nothing is known of it. */
const struct known_key *key_table_find(const struct key_table *table, const char *hash);

/*
 * Adds a key, or replaces what was known of it: but what was revoked stays revoked, and a meter is
 * kept. False when memory runs out.
 */
MUST_CHECK bool key_table_put(struct key_table *table, const struct known_key *key);

/* Forgets all keys that do not exist. */
void key_table_forget_unknown(struct key_table *table);

/* Calls visit for every key that exists. */
void key_table_each(const struct key_table *table,
                    void (*visit)(void *context, const struct identity *identity), void *context);

/* Marks the key with this id as revoked, if it is known. */
void key_table_revoke(struct key_table *table, const char *key_id);

void key_table_clear(struct key_table *table);

#endif
