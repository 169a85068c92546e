/* buffer.c - see buffer.h. */
#include "infra/base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

static bool reserve(struct buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity == 0 ? FIRST_CAPACITY : buffer->capacity;
    char *data;

    if (buffer->failed)
        return false;
    if (buffer->length + more + 1 <= buffer->capacity)
        return true;
    while (capacity < buffer->length + more + 1)
        capacity *= 2;
    data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_reset(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
}

void buffer_add(struct buffer *buffer, const char *data, size_t length)
{
    if (!reserve(buffer, length))
        return;
    if (length > 0)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_list again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length >= 0 && reserve(buffer, (size_t)length)) {
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

/* How many bytes the UTF-8 character at text has; 0 when it is none (RFC 3629, table 3-7). */
static size_t utf8_length(const unsigned char *text, size_t left)
{
    size_t length = text[0] < 0x80   ? 1
                    : text[0] < 0xc2 ? 0
                    : text[0] < 0xe0 ? 2
                    : text[0] < 0xf0 ? 3
                    : text[0] < 0xf5 ? 4
                                     : 0;

    if (length == 0 || length > left)
        return 0;
    for (size_t at = 1; at < length; at++)
        if ((text[at] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
        (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    return length;
}

void buffer_add_json(struct buffer *buffer, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;

    buffer_add_char(buffer, '"');
    while (at < end) {
        size_t bytes = utf8_length(at, (size_t)(end - at));

        if (bytes == 0) {
            buffer_add_text(buffer, "\xef\xbf\xbd");
            bytes = 1;
        } else if (*at == '"' || *at == '\\') {
            buffer_add_char(buffer, '\\');
            buffer_add_char(buffer, (char)*at);
        } else if (*at < 0x20) {
            buffer_printf(buffer, "\\u%04x", *at);
        } else {
            buffer_add(buffer, (const char *)at, bytes);
        }
        at += bytes;
    }
    buffer_add_char(buffer, '"');
}

void buffer_drop(struct buffer *buffer, size_t count)
{
    if (count == 0)
        return;
    memmove(buffer->data, buffer->data + count, buffer->length - count);
    buffer->length -= count;
    buffer->data[buffer->length] = '\0';
}

char *buffer_take(struct buffer *buffer, struct error *err)
{
    char *text = NULL;

    if (reserve(buffer, 0)) {
        text = buffer->data;
        text[buffer->length] = '\0';
        *buffer = (struct buffer){0};
    } else {
        buffer_clear(buffer);
        error_no_memory(err);
    }
    return text;
}
