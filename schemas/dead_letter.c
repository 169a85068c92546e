/* dead_letter.c - see dead_letter.h. */
#include "schemas/dead_letter.h"

#include "infra/base/buffer.h"
#include "infra/base/clock.h"
#include "schemas/fields.h"

#include <string.h>

enum { TEXT_MOST = 1 << 20, RAW_MOST = 16384 };

static void add_text(struct buffer *text, const char *name, const char *value)
{
    buffer_printf(text, ",\"%s\":", name);
    buffer_add_json(text, value, strlen(value));
}

char *dead_letter_encode(const struct dead_letter *letter, struct error *err)
{
    struct buffer text = {0};
    char now[CLOCK_TEXT_BYTES];

    buffer_printf(&text, "{\"schema\":%d,\"partition\":%d,\"offset\":%lld", DEAD_LETTER_SCHEMA,
                  letter->partition, (long long)letter->offset);
    add_text(&text, "pool", letter->pool);
    add_text(&text, "code", letter->code);
    add_text(&text, "message", letter->message);
    add_text(&text, "died_at", clock_text(clock_wall_ms(), now));
    /* base16: whatever bytes it had come back as they were; the rest stands in the topic itself */
    buffer_add_text(&text, ",\"raw\":\"");
    for (size_t at = 0; at < letter->value_length && at < RAW_MOST; at++)
        buffer_printf(&text, "%02x", (unsigned char)letter->value[at]);
    buffer_add_text(&text, "\"}");
    return buffer_take(&text, err);
}

static bool read_fields(struct dead_letter *letter, struct error *err)
{
    struct fields fields = {.object = letter->json};
    const char *raw;
    bool ok;

    if (fields_int(&fields, "schema", REQUIRED, 1, INT64_MAX, 0) > DEAD_LETTER_SCHEMA)
        fields_problem(&fields, "schema", "newer than this program knows: update it");
    letter->pool = fields_text(&fields, "pool", REQUIRED, 256);
    letter->job_id = fields_text(&fields, "job_id", OPTIONAL, 256);
    letter->partition = (int)fields_int(&fields, "partition", OPTIONAL, 0, INT32_MAX, -1);
    letter->offset = fields_int(&fields, "offset", OPTIONAL, 0, INT64_MAX, -1);
    letter->code = fields_text(&fields, "code", REQUIRED, 256);
    letter->message = fields_text(&fields, "message", REQUIRED, TEXT_MOST);
    letter->value = fields_text(&fields, "job", OPTIONAL, TEXT_MOST);
    raw = fields_text(&fields, "raw", OPTIONAL, TEXT_MOST);
    if (letter->value == NULL)
        letter->value = raw;
    if (letter->value == NULL)
        fields_problem(&fields, "job", "missing: a letter holds a job or raw bytes");
    else
        letter->value_length = strlen(letter->value);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

bool dead_letter_decode(const char *text, size_t length, struct dead_letter *letter,
                        struct error *err)
{
    *letter = (struct dead_letter){0};
    letter->json = json_parse(text, length, err);
    if (letter->json == NULL || !read_fields(letter, err)) {
        err->code = ERROR_VALIDATION;
        dead_letter_clear(letter);
        return false;
    }
    return true;
}

void dead_letter_clear(struct dead_letter *letter)
{
    json_decref(letter->json);
    *letter = (struct dead_letter){0};
}
