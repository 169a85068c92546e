/*
 * keys.h - API keys: made here, shown once, kept as a hash.
 */
#ifndef TRAINYARD_INFRA_STORE_KEYS_H
#define TRAINYARD_INFRA_STORE_KEYS_H

#include "infra/base/ids.h"
#include "infra/postgres/pg.h"

extern const struct pg_sql keys_sql;

enum { KEY_BYTES = 48 }; /* plx_sk_, 32 characters, NUL */

/* A key as it is kept. Points into rows of its reader. */
struct key {
    const char *id;
    const char *account;
    const char *hash; /* sha256 of the key, hexadecimal */
    bool may_write;
    bool revoked;
    int64_t expires_at_ms;  /* since 1970; 0: never */
    const char *plan;       /* of the account */
    const char *changed_at; /* for keys_changed(): as the database writes it */
};

struct new_key {
    const char *account;
    const char *name;
    const char *permission; /* read_only or read_write */
    const char *created_by; /* the key that makes it; NULL: an operator */
    int expires_days;       /* from now; 0: never */
};

/* Makes a key; text gets the key itself: it is kept nowhere. */
MUST_CHECK bool keys_create(struct pg *db, const struct new_key *key, struct id *id,
                            char text[static KEY_BYTES], struct error *err);

/* The key of a hash. Rows (read with key_read): one or none. NULL on failure. */
MUST_CHECK struct pg_rows *keys_find(struct pg *db, const char *hash, struct error *err);

/* Keys that changed since a moment (changed_at of a key, or "-infinity"), oldest change first. */
MUST_CHECK struct pg_rows *keys_changed(struct pg *db, const char *since, struct error *err);

/* What was counted of a key since it was written down last. */
struct key_use {
    const char *key_id;
    int64_t requests;
    int64_t predictions;
};

/* Adds to the counts of this hour, and notes that the keys were used now. */
MUST_CHECK bool keys_count_use(struct pg *db, const struct key_use *uses, size_t count,
                               struct error *err);

/* Forgets what is older than 31 days. */
MUST_CHECK bool keys_prune_use(struct pg *db, struct error *err);

void key_read(const struct pg_rows *rows, size_t row, struct key *key);

#endif
