/*
 * upload_sign.h - signs and checks the URLs that files are PUT to.
 *
 *     /upload/UPLOAD_ID/INDEX?expires=SECONDS&signature=HMAC-SHA256(key, "PUT\n" path "\n" expires)
 *
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_API_UPLOAD_SIGN_H
#define TRAINYARD_API_UPLOAD_SIGN_H

#include "infra/base/digest.h"
#include "infra/base/error.h"
#include "infra/base/ids.h"

#include <stddef.h>
#include <stdint.h>

enum { UPLOAD_URL_BYTES = 1024, UPLOAD_URL_LIFETIME_S = 3600 };

/* The URL of one file below base (such as http://127.0.0.1:8082), good until expires_s of 1970. */
void upload_sign_url(const char *key, const char *base, const char *upload_id, size_t index,
                     int64_t expires_s, char url[static UPLOAD_URL_BYTES]);

/* Which file a path means; false when it is no path of an upload. */
bool upload_sign_parse(const char *path, char upload_id[static ID_BYTES], size_t *index);

/* ERROR_FORBIDDEN when the signature is missing, wrong, or older than now_s allows. */
MUST_CHECK bool upload_sign_check(const char *key, const char *path, const char *expires,
                                  const char *signature, int64_t now_s, struct error *err);

#endif
