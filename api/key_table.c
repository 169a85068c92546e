/* key_table.c - see key_table.h. */
#include "api/key_table.h"

#include "api/key_meter.h"

#include <stdlib.h>
#include <string.h>

/* The hash is random already: its first digits choose the bucket. */
static size_t bucket_of(const char *hash)
{
    char digits[9];

    memcpy(digits, hash, 8);
    digits[8] = '\0';
    return strtoul(digits, NULL, 16) % KEY_BUCKETS;
}

static struct known_key *find(const struct key_table *table, const char *hash)
{
    struct known_key *key = table->buckets[bucket_of(hash)];

    while (key != NULL && memcmp(key->hash, hash, DIGEST_BYTES) != 0)
        key = key->next;
    return key;
}

const struct known_key *key_table_find(const struct key_table *table, const char *hash)
{
    return find(table, hash);
}

/* A new place for a key, counted as one that exists. NULL when memory runs out. */
static struct known_key *make_place(struct key_table *table, const struct known_key *key)
{
    struct known_key **bucket = &table->buckets[bucket_of(key->hash)];
    struct known_key *place;

    if (!key->exists && table->unknown >= KEYS_UNKNOWN_MOST)
        key_table_forget_unknown(table);
    place = calloc(1, sizeof *place);
    if (place == NULL)
        return NULL;
    place->exists = true;
    place->next = *bucket;
    *bucket = place;
    return place;
}

bool key_table_put(struct key_table *table, const struct known_key *key)
{
    struct known_key *place = find(table, key->hash);
    struct key_meter *meter = place == NULL ? NULL : place->identity.meter;
    struct known_key *next;
    bool revoked;

    if (key->exists && meter == NULL && (meter = calloc(1, sizeof *meter)) == NULL)
        return false;
    if (place == NULL && (place = make_place(table, key)) == NULL) {
        free(meter);
        return false;
    }
    table->unknown += (size_t)place->exists - (size_t)key->exists;
    next = place->next;
    revoked = place->revoked || key->revoked;
    *place = *key;
    place->next = next;
    place->revoked = revoked;
    place->identity.meter = meter;
    return true;
}

/* Frees the keys that do not exist, or all. */
static void forget(struct key_table *table, bool all)
{
    for (size_t at = 0; at < KEY_BUCKETS; at++) {
        struct known_key **link = &table->buckets[at];

        while (*link != NULL) {
            struct known_key *key = *link;

            if (key->exists && !all) {
                link = &key->next;
                continue;
            }
            *link = key->next;
            free(key->identity.meter);
            free(key);
        }
    }
    table->unknown = 0;
}

void key_table_forget_unknown(struct key_table *table)
{
    forget(table, false);
}

void key_table_each(const struct key_table *table,
                    void (*visit)(void *context, const struct identity *identity), void *context)
{
    for (size_t at = 0; at < KEY_BUCKETS; at++)
        for (const struct known_key *key = table->buckets[at]; key != NULL; key = key->next)
            if (key->exists)
                visit(context, &key->identity);
}

void key_table_revoke(struct key_table *table, const char *key_id)
{
    for (size_t at = 0; at < KEY_BUCKETS; at++)
        for (struct known_key *key = table->buckets[at]; key != NULL; key = key->next)
            if (key->exists && strcmp(key->identity.key, key_id) == 0)
                key->revoked = true;
}

void key_table_clear(struct key_table *table)
{
    forget(table, true);
}
