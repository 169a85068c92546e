/* auth.c - see auth.h. */
#include "api/auth.h"

#include "api/failed_keys.h"
#include "api/key_cache.h"
#include "api/key_meter.h"
#include "infra/base/clock.h"
#include "infra/base/digest.h"

#include <string.h>
#include <strings.h>

enum { KEY_MOST = 256, SECOND_US = 1000000 };

/* The key of the headers; NULL when there is none. */
static const char *given_key(const struct credentials *given)
{
    const char *authorization = given->authorization;
    const char *key = given->api_key;

    if (authorization != NULL && strncasecmp(authorization, "Bearer", 6) == 0 &&
        (authorization[6] == ' ' || authorization[6] == '\0'))
        key = authorization + 6 + strspn(authorization + 6, " ");
    return key == NULL || *key == '\0' ? NULL : key;
}

static bool refuse(struct refusal *refusal, const char *word, struct error *err,
                   const char *message)
{
    refusal->reason = word;
    return error_set(err, ERROR_UNAUTHORIZED, "%s", message);
}

static bool refuse_by_state(enum key_state state, struct refusal *refusal, struct error *err)
{
    switch (state) {
    case KEY_REVOKED:
        return refuse(refusal, "revoked_key", err, "the API key was revoked: use another one");
    case KEY_EXPIRED:
        return refuse(refusal, "expired_key", err, "the API key has expired: make a new one");
    default:
        return refuse(refusal, "invalid_key", err, "the API key is not known: check it");
    }
}

/* Whether the address may still try keys that are not known to be good. */
static bool may_try(struct failed_keys *failed, const struct credentials *given,
                    struct refusal *refusal, struct error *err)
{
    if (failed == NULL)
        return true;
    refusal->retry_after_s = failed_keys_wait_s(failed, given->address, clock_monotonic_ms());
    return refusal->retry_after_s == 0 ||
           error_set(err, ERROR_RATE_LIMIT,
                     "too many wrong API keys came from this address: try again in %d s",
                     refusal->retry_after_s);
}

/* Fills identity by a key that is good. */
static bool find(struct key_cache *keys, struct failed_keys *failed,
                 const struct credentials *given, struct identity *identity,
                 struct refusal *refusal, struct error *err)
{
    const char *key = given_key(given);
    size_t length = key == NULL ? 0 : strlen(key);
    enum key_state state = KEY_UNKNOWN;
    char hash[DIGEST_BYTES];

    if (key == NULL)
        return refuse(refusal, "missing_key", err,
                      "an API key is needed: send it as `Authorization: Bearer KEY`, or as "
                      "`x-api-key: KEY`");
    digest_of(key, length < KEY_MOST ? length : KEY_MOST, hash);
    if (key_cache_look(keys, hash, identity, &state) && state == KEY_ACTIVE)
        return true;
    if (!may_try(failed, given, refusal, err) || !key_cache_find(keys, hash, identity, &state, err))
        return false;
    if (state == KEY_ACTIVE)
        return true;
    if (failed != NULL)
        failed_keys_note(failed, given->address, clock_monotonic_ms());
    return refuse_by_state(state, refusal, err);
}

/* Takes a request of those that the key has. */
static bool take(const struct identity *identity, struct refusal *refusal, struct error *err)
{
    int64_t wait_us = 0;

    if (identity->per_minute > 0)
        wait_us = key_meter_take(identity->meter, identity->per_minute, clock_monotonic_us());
    if (wait_us == 0) {
        key_meter_count(identity->meter, 1, 0);
        return true;
    }
    refusal->retry_after_s = (int)((wait_us + SECOND_US - 1) / SECOND_US);
    return error_set(err, ERROR_RATE_LIMIT,
                     "this API key has %d requests a minute, by the plan of its account: try again "
                     "in %d s",
                     identity->per_minute, refusal->retry_after_s);
}

bool auth_check(struct key_cache *keys, struct failed_keys *failed, const struct credentials *given,
                enum scope scope, struct identity *identity, struct refusal *refusal,
                struct error *err)
{
    *refusal = (struct refusal){0};
    if (!find(keys, failed, given, identity, refusal, err) || !take(identity, refusal, err))
        return false;
    if (scope == SCOPE_WRITE && !identity->may_write) {
        refusal->reason = "insufficient_permissions";
        return error_set(err, ERROR_FORBIDDEN,
                         "this API key may only read: use one with the permission read_write");
    }
    return true;
}
