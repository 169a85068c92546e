/*
 * keys.h - API keys of an account: made, listed, changed, revoked. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_KEYS_H
#define TRAINYARD_API_KEYS_H

#include "api/call.h"

/* GET /auth/api-keys */
bool api_keys_list(struct call *call, struct error *err);
/* POST /auth/api-keys: the only answer that shows the key itself. */
bool api_keys_create(struct call *call, struct error *err);
/* GET /auth/api-keys/:key_id */
bool api_keys_get(struct call *call, struct error *err);
/* PATCH /auth/api-keys/:key_id: name and expiry; what it may do stays. */
bool api_keys_update(struct call *call, struct error *err);
/* DELETE /auth/api-keys/:key_id: revokes it, here at once, elsewhere within a second. */
bool api_keys_delete(struct call *call, struct error *err);

#endif
