/*
 * auth.h - who calls, and whether they may: keys of `Authorization: Bearer KEY` or `x-api-key:
 * KEY`.
 *
 * Any thread.
 */
#ifndef TRAINYARD_API_AUTH_H
#define TRAINYARD_API_AUTH_H

#include "api/routes.h"
#include "infra/base/ids.h"

struct key_cache;

enum { ACCOUNT_BYTES = 64 };

/* Whom a key stands for. */
struct identity {
    char account[ACCOUNT_BYTES];
    char key[ID_BYTES];
    bool may_write;
};

/*
 * Finds the caller by the two headers (NULL when absent; the first one given counts). On failure
 * *reason is a word for the client: missing_key, invalid_key, expired_key or revoked_key
 * (ERROR_UNAUTHORIZED), insufficient_permissions (ERROR_FORBIDDEN), NULL (ERROR_UNAVAILABLE: the
 * database cannot be asked now).
 */
MUST_CHECK bool auth_check(struct key_cache *keys, const char *authorization, const char *api_key,
                           enum scope scope, struct identity *identity, const char **reason,
                           struct error *err);

#endif
