/*
 * auth.h - who calls, and whether they may: keys of `Authorization: Bearer KEY` or `x-api-key:
 * KEY`, how many requests a key has a minute, how often an address may fail.
 *
 * Any thread.
 */
#ifndef TRAINYARD_API_AUTH_H
#define TRAINYARD_API_AUTH_H

#include "api/routes.h"
#include "infra/base/ids.h"

struct failed_keys;
struct key_cache;
struct key_meter;
struct sockaddr;

enum { ACCOUNT_BYTES = 64 };

/* Whom a key stands for. */
struct identity {
    char account[ACCOUNT_BYTES];
    char key[ID_BYTES];
    bool may_write;
    int per_minute;          /* requests, by the plan of the account; 0: as many as come */
    struct key_meter *meter; /* of the key; lives as long as the cache of keys */
};

/* What a request brings; NULL when absent. */
struct credentials {
    const char *authorization; /* the first one given counts */
    const char *api_key;
    const struct sockaddr *address; /* of the client */
};

/* Why a request is refused. */
struct refusal {
    const char *reason; /* a word for the client, or NULL */
    int retry_after_s;  /* 0: not said */
};

/*
 * Finds the caller. failed may be NULL: addresses may fail as often as they like. On failure the
 * reason is missing_key, invalid_key, expired_key or revoked_key (ERROR_UNAUTHORIZED),
 * insufficient_permissions (ERROR_FORBIDDEN), else NULL: ERROR_RATE_LIMIT, ERROR_UNAVAILABLE (the
 * database cannot be asked now). Nothing but a key that was not seen yet needs the database.
 */
MUST_CHECK bool auth_check(struct key_cache *keys, struct failed_keys *failed,
                           const struct credentials *given, enum scope scope,
                           struct identity *identity, struct refusal *refusal, struct error *err);

#endif
