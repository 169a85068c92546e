/*
 * digest.h - SHA-256 and HMAC-SHA-256 as lower case hexadecimal text.
 *
 * One struct is used by one thread at a time; the plain functions by any.
 */
#ifndef TRAINYARD_INFRA_BASE_DIGEST_H
#define TRAINYARD_INFRA_BASE_DIGEST_H

#include "infra/base/error.h"

#include <nettle/sha2.h>
#include <stddef.h>

#define DIGEST_BYTES 65 /* 64 hexadecimal digits and a NUL */

struct digest {
    struct sha256_ctx context;
};

void digest_init(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t size);

/* Writes the digest of all that was added; the struct is as after digest_init(). */
void digest_end(struct digest *digest, char hex[static DIGEST_BYTES]);

void digest_of(const void *data, size_t size, char hex[static DIGEST_BYTES]);

/* Reads a file; ERROR_UNAVAILABLE when it cannot be read. size_bytes may be NULL. */
MUST_CHECK bool digest_file(const char *path, char hex[static DIGEST_BYTES], size_t *size_bytes,
                            struct error *err);

void digest_hmac(const char *secret, const void *data, size_t size, char hex[static DIGEST_BYTES]);

/* Compares two secrets in a time that does not tell where they differ. */
bool digest_equal(const char *a, const char *b);

/* Whether text is 64 lower case hexadecimal digits. */
bool digest_is(const char *text);

#endif
