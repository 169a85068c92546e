/* rows.c - see rows.h. */
#include "engine/predict/rows.h"

#include <stdint.h>
#include <string.h>

static const char MAGIC[8] = "TYROWS1\n";

static void add_text(struct buffer *bytes, const char *text, size_t length)
{
    uint32_t size = (uint32_t)length;

    buffer_add(bytes, (const char *)&size, sizeof size);
    buffer_add(bytes, text, length);
}

void rows_add_head(struct buffer *bytes, const struct predictor *predictor)
{
    size_t count;
    const struct field *fields = predictor_fields(predictor, &count);
    uint32_t fields_count = (uint32_t)count;

    buffer_add(bytes, MAGIC, sizeof MAGIC);
    buffer_add(bytes, (const char *)&fields_count, sizeof fields_count);
    for (size_t at = 0; at < count; at++)
        add_text(bytes, fields[at].name, strlen(fields[at].name));
}

void rows_add(struct buffer *bytes, const struct value *values, size_t count, const char *note,
              size_t length)
{
    add_text(bytes, note, length);
    for (size_t at = 0; at < count; at++) {
        buffer_add_char(bytes, (char)values[at].kind);
        if (values[at].kind == VALUE_NUMBER)
            buffer_add(bytes, (const char *)&values[at].number, sizeof values[at].number);
        else if (values[at].kind == VALUE_TEXT)
            add_text(bytes, values[at].text, values[at].length);
    }
}

static bool damaged(struct error *err)
{
    return error_set(err, ERROR_VALIDATION, "the rows of the job are damaged: send them again");
}

static bool take(struct rows *rows, void *to, size_t size)
{
    if ((size_t)(rows->end - rows->at) < size)
        return false;
    memcpy(to, rows->at, size);
    rows->at += size;
    return true;
}

static bool take_text(struct rows *rows, const char **text, size_t *length)
{
    uint32_t size;

    if (!take(rows, &size, sizeof size) || (size_t)(rows->end - rows->at) < size)
        return false;
    *text = rows->at;
    *length = size;
    rows->at += size;
    return true;
}

bool rows_open(struct rows *rows, const void *bytes, size_t size, const struct predictor *predictor,
               struct error *err)
{
    const struct field *fields = predictor_fields(predictor, &rows->fields);
    char magic[sizeof MAGIC];
    uint32_t count;

    rows->at = bytes;
    rows->end = rows->at + size;
    if (!take(rows, magic, sizeof magic) || memcmp(magic, MAGIC, sizeof magic) != 0 ||
        !take(rows, &count, sizeof count) || count != rows->fields)
        return damaged(err);
    for (size_t at = 0; at < rows->fields; at++) {
        const char *name;
        size_t length;

        if (!take_text(rows, &name, &length) || strlen(fields[at].name) != length ||
            memcmp(fields[at].name, name, length) != 0)
            return damaged(err);
    }
    return true;
}

bool rows_at_end(const struct rows *rows)
{
    return rows->at == rows->end;
}

static bool take_value(struct rows *rows, struct value *value)
{
    unsigned char kind;

    *value = (struct value){.kind = VALUE_MISSING};
    if (!take(rows, &kind, sizeof kind))
        return false;
    switch (kind) {
    case VALUE_MISSING:
        return true;
    case VALUE_NUMBER:
        value->kind = VALUE_NUMBER;
        return take(rows, &value->number, sizeof value->number);
    case VALUE_TEXT:
        value->kind = VALUE_TEXT;
        return take_text(rows, &value->text, &value->length);
    default:
        return false;
    }
}

bool rows_next(struct rows *rows, struct value *values, struct error *err)
{
    if (!take_text(rows, &rows->note, &rows->note_length))
        return damaged(err);
    for (size_t at = 0; at < rows->fields; at++)
        if (!take_value(rows, &values[at]))
            return damaged(err);
    return true;
}
