/* upload_sign.c - see upload_sign.h. */
#include "api/upload_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_DIGITS_MOST = 18 };

static bool is_number(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length <= NUMBER_DIGITS_MOST && strspn(text, "0123456789") == length;
}

static void sign(const char *key, const char *path, const char *expires,
                 char signature[static DIGEST_BYTES])
{
    char text[UPLOAD_URL_BYTES];
    int length = snprintf(text, sizeof text, "PUT\n%s\n%s", path, expires);

    digest_hmac(key, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1,
                signature);
}

void upload_sign_url(const char *key, const char *base, const char *upload_id, size_t index,
                     int64_t expires_s, char url[static UPLOAD_URL_BYTES])
{
    char path[ID_BYTES + 40];
    char expires[24];
    char signature[DIGEST_BYTES];

    snprintf(path, sizeof path, "/upload/%s/%zu", upload_id, index);
    snprintf(expires, sizeof expires, "%lld", (long long)expires_s);
    sign(key, path, expires, signature);
    snprintf(url, UPLOAD_URL_BYTES, "%s%s?expires=%s&signature=%s", base, path, expires, signature);
}

bool upload_sign_parse(const char *path, char upload_id[static ID_BYTES], size_t *index)
{
    static const char PREFIX[] = "/upload/";
    const char *id;
    const char *slash;

    if (strncmp(path, PREFIX, sizeof PREFIX - 1) != 0)
        return false;
    id = path + sizeof PREFIX - 1;
    slash = strchr(id, '/');
    if (slash == NULL || slash - id >= ID_BYTES || !is_number(slash + 1))
        return false;
    memcpy(upload_id, id, (size_t)(slash - id));
    upload_id[slash - id] = '\0';
    *index = strtoul(slash + 1, NULL, 10);
    return id_is(upload_id, "upload");
}

bool upload_sign_check(const char *key, const char *path, const char *expires,
                       const char *signature, int64_t now_s, struct error *err)
{
    char expected[DIGEST_BYTES];

    if (expires == NULL || signature == NULL || !is_number(expires))
        return error_set(err, ERROR_FORBIDDEN,
                         "the URL is not signed: use the presigned_url as it was given");
    sign(key, path, expires, expected);
    if (!digest_equal(expected, signature))
        return error_set(err, ERROR_FORBIDDEN,
                         "the URL's signature is wrong: use the presigned_url as it was given");
    if (strtoll(expires, NULL, 10) < now_s)
        return error_set(err, ERROR_FORBIDDEN, "the URL has expired: make a new upload");
    return true;
}
