/* digest.c - see digest.h. */
#include "infra/base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>
#include <unistd.h>

static void write_hex(const uint8_t *bytes, char *hex)
{
    static const char DIGITS[] = "0123456789abcdef";

    for (size_t at = 0; at < SHA256_DIGEST_SIZE; at++) {
        hex[2 * at] = DIGITS[bytes[at] >> 4];
        hex[2 * at + 1] = DIGITS[bytes[at] & 15];
    }
    hex[2 * SHA256_DIGEST_SIZE] = '\0';
}

void digest_init(struct digest *digest)
{
    sha256_init(&digest->context);
}

void digest_add(struct digest *digest, const void *data, size_t size)
{
    sha256_update(&digest->context, size, data);
}

void digest_end(struct digest *digest, char hex[static DIGEST_BYTES])
{
    uint8_t bytes[SHA256_DIGEST_SIZE];

    sha256_digest(&digest->context, sizeof bytes, bytes);
    write_hex(bytes, hex);
}

void digest_of(const void *data, size_t size, char hex[static DIGEST_BYTES])
{
    struct digest digest;

    digest_init(&digest);
    digest_add(&digest, data, size);
    digest_end(&digest, hex);
}

bool digest_file(const char *path, char hex[static DIGEST_BYTES], size_t *size_bytes,
                 struct error *err)
{
    struct digest digest;
    char chunk[65536];
    size_t total = 0;
    ssize_t got = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        error_set(err, ERROR_UNAVAILABLE, "could not read a stored file");
        return error_detail(err, "open %s: %s", path, strerror(errno));
    }
    digest_init(&digest);
    while ((got = read(file, chunk, sizeof chunk)) > 0) {
        digest_add(&digest, chunk, (size_t)got);
        total += (size_t)got;
    }
    close(file);
    if (got < 0) {
        error_set(err, ERROR_UNAVAILABLE, "could not read a stored file");
        return error_detail(err, "read %s: %s", path, strerror(errno));
    }
    digest_end(&digest, hex);
    if (size_bytes != NULL)
        *size_bytes = total;
    return true;
}

void digest_hmac(const char *secret, const void *data, size_t size, char hex[static DIGEST_BYTES])
{
    struct hmac_sha256_ctx context;
    uint8_t bytes[SHA256_DIGEST_SIZE];

    hmac_sha256_set_key(&context, strlen(secret), (const uint8_t *)secret);
    hmac_sha256_update(&context, size, data);
    hmac_sha256_digest(&context, sizeof bytes, bytes);
    write_hex(bytes, hex);
}

bool digest_equal(const char *a, const char *b)
{
    size_t length = strlen(a);

    return strlen(b) == length && memeql_sec(a, b, length);
}

bool digest_is(const char *text)
{
    return strlen(text) == DIGEST_BYTES - 1 && strspn(text, "0123456789abcdef") == DIGEST_BYTES - 1;
}
