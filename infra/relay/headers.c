/* headers.c - see headers.h. */
#include "infra/relay/headers.h"

size_t headers_read(const char *text, struct kafka_header *headers, struct header_texts *texts)
{
    size_t count = 0;
    const char *name;
    json_t *value;

    texts->json = json_loads(text, 0, NULL);
    json_object_foreach(texts->json, name, value)
    {
        if (json_is_string(value) && count < HEADERS_MOST)
            headers[count++] = (struct kafka_header){name, json_string_value(value)};
    }
    return count;
}

void headers_clear(struct header_texts *texts)
{
    json_decref(texts->json);
    texts->json = NULL;
}
