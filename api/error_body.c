/* error_body.c - see error_body.h. */
#include "api/error_body.h"

#include <stdlib.h>
#include <string.h>

/* The word for a code: some are known only inside, and told as what they mean to a client. */
static const char *api_code(enum error_code code)
{
    switch (code) {
    case ERROR_NO_MEMORY:
        return error_name(ERROR_UNAVAILABLE);
    case ERROR_NONE:
    case ERROR_CRASHED:
    case ERROR_TIMED_OUT:
        return error_name(ERROR_INTERNAL);
    case ERROR_CANCELLED:
        return error_name(ERROR_CONFLICT);
    default:
        return error_name(code);
    }
}

static void add_text(struct buffer *buffer, const char *before, const char *text)
{
    buffer_add_text(buffer, before);
    buffer_add_json(buffer, text, strlen(text));
}

void error_body_add(struct buffer *buffer, const struct error *err, const char *request_id,
                    const json_t *details)
{
    char *detailed = details == NULL ? NULL : json_dumps(details, JSON_COMPACT);

    add_text(buffer, "{\"error\":{\"code\":", api_code(err->code));
    add_text(buffer, ",\"message\":", err->message);
    buffer_printf(buffer, ",\"status\":%d", error_status(err->code));
    if (detailed != NULL) {
        buffer_add_text(buffer, ",\"details\":");
        buffer_add_text(buffer, detailed);
    }
    add_text(buffer, "},\"request_id\":", request_id);
    add_text(buffer, ",\"detail\":", err->message);
    add_text(buffer, ",\"message\":", err->message);
    buffer_add_char(buffer, '}');
    free(detailed);
}
