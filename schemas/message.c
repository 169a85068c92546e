/* message.c - see message.h. */
#include "schemas/message.h"

#include "infra/base/digest.h"

json_t *message_parse(const char *text, size_t length, struct error *err)
{
    json_t *json;

    if (length > MESSAGE_BYTES_MOST) {
        error_set(err, ERROR_VALIDATION, "a message of %zu bytes: at most %d are allowed", length,
                  MESSAGE_BYTES_MOST);
        return NULL;
    }
    json = json_parse(text, length, err);
    if (json == NULL && err->code == ERROR_INVALID_REQUEST)
        err->code = ERROR_VALIDATION; /* nobody requested it: it is what it is */
    return json;
}

void message_read_schema(struct fields *fields, int newest)
{
    if (fields_int(fields, "schema", REQUIRED, 1, INT64_MAX, 0) > newest)
        fields_problem(fields, "schema", "newer than this program knows: update it");
}

const char *message_read_digest(struct fields *fields, const char *name, enum presence presence)
{
    const char *digest = fields_text(fields, name, presence, DIGEST_BYTES);

    if (digest == NULL || digest_is(digest))
        return digest;
    fields_problem(fields, name, "not a sha256 digest");
    return NULL;
}
