/*
 * key_records.h - an account's keys as their owner sees them: lists, names, expiry, use.
 *
 * What checks keys is keys.h. Every function uses the session it is given, and finds keys of the
 * given account only.
 */
#ifndef TRAINYARD_INFRA_STORE_KEY_RECORDS_H
#define TRAINYARD_INFRA_STORE_KEY_RECORDS_H

#include "infra/base/ids.h"
#include "infra/postgres/pg.h"

extern const struct pg_sql key_records_sql;

/* Points into rows, which the struct owns when it was found alone; clear with key_record_clear().
 */
struct key_record {
    const char *id;
    const char *name;
    const char *prefix; /* plx_sk_ and the first characters */
    const char *suffix; /* the last ones */
    const char *permission;
    const char *status;       /* active or revoked */
    const char *created_at;   /* RFC 3339, as all times */
    const char *expires_at;   /* NULL: never */
    const char *last_used_at; /* NULL: not yet */
    const char *revoked_at;   /* NULL: it was not */
    const char *created_by;   /* the key that made it; NULL: an operator */
    int64_t requests_24h;
    int64_t requests_7d;
    int64_t requests_30d;
    struct pg_rows *rows;
};

enum { KEYS_PER_HOUR = 10 };

/* How many keys the account made over REST within the last hour, and in how many seconds the oldest
 * of them is past that. */
MUST_CHECK bool key_records_made(struct pg *db, const char *account, int64_t *made, int *wait_s,
                                 struct error *err);

/* ERROR_NOT_FOUND. */
MUST_CHECK bool key_records_find(struct pg *db, const char *account, const char *id,
                                 struct key_record *key, struct error *err);

/* A page of keys, the newest first; status NULL: all. Free with pg_rows_free(). */
MUST_CHECK struct pg_rows *key_records_list(struct pg *db, const char *account, const char *status,
                                            int limit, int offset, int64_t *total,
                                            struct error *err);
void key_record_read(const struct pg_rows *rows, size_t row, struct key_record *key);
void key_record_clear(struct key_record *key);

/* Changes what is given: name (NULL: stays), expires_days from now (0: stays). ERROR_NOT_FOUND. */
MUST_CHECK bool key_records_change(struct pg *db, const char *account, const char *id,
                                   const char *name, int expires_days, struct error *err);

/* Revokes a key; one that was revoked stays as it is. ERROR_NOT_FOUND. */
MUST_CHECK bool key_records_revoke(struct pg *db, const char *account, const char *id,
                                   struct error *err);

#endif
