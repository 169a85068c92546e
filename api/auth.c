/* auth.c - see auth.h. */
#include "api/auth.h"

#include "api/key_cache.h"
#include "infra/base/digest.h"

#include <string.h>
#include <strings.h>

enum { KEY_MOST = 256 };

/* The key of the headers; NULL when there is none. */
static const char *given_key(const char *authorization, const char *api_key)
{
    const char *key = api_key;

    if (authorization != NULL && strncasecmp(authorization, "Bearer", 6) == 0 &&
        (authorization[6] == ' ' || authorization[6] == '\0'))
        key = authorization + 6 + strspn(authorization + 6, " ");
    return key == NULL || *key == '\0' ? NULL : key;
}

static bool refuse(const char **reason, const char *word, struct error *err, const char *message)
{
    *reason = word;
    return error_set(err, ERROR_UNAUTHORIZED, "%s", message);
}

bool auth_check(struct key_cache *keys, const char *authorization, const char *api_key,
                enum scope scope, struct identity *identity, const char **reason, struct error *err)
{
    const char *key = given_key(authorization, api_key);
    char hash[DIGEST_BYTES];
    enum key_state state;
    size_t length;

    *reason = NULL;
    if (key == NULL)
        return refuse(reason, "missing_key", err,
                      "an API key is needed: send it as `Authorization: Bearer KEY`, or as "
                      "`x-api-key: KEY`");
    length = strlen(key);
    digest_of(key, length < KEY_MOST ? length : KEY_MOST, hash);
    if (!key_cache_find(keys, hash, identity, &state, err))
        return false;
    if (state == KEY_UNKNOWN)
        return refuse(reason, "invalid_key", err, "the API key is not known: check it");
    if (state == KEY_REVOKED)
        return refuse(reason, "revoked_key", err, "the API key was revoked: use another one");
    if (state == KEY_EXPIRED)
        return refuse(reason, "expired_key", err, "the API key has expired: make a new one");
    if (scope == SCOPE_WRITE && !identity->may_write) {
        *reason = "insufficient_permissions";
        return error_set(err, ERROR_FORBIDDEN,
                         "this API key may only read: use one with the permission read_write");
    }
    return true;
}
