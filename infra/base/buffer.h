/*
 * buffer.h - text that grows.
 *
 * A zeroed struct buffer is empty and ready. When memory runs out the buffer remembers it and
 * ignores what follows, so that only the end has to be checked: buffer_take(). One thread at a
 * time.
 */
#ifndef TRAINYARD_INFRA_BASE_BUFFER_H
#define TRAINYARD_INFRA_BASE_BUFFER_H

#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *data; /* ends with a NUL; NULL while empty */
    size_t length;
    size_t capacity;
    bool failed; /* memory ran out */
};

/* Frees what the buffer holds; it is empty and ready again. */
void buffer_clear(struct buffer *buffer);

/* Empties the buffer, keeping its memory. */
void buffer_reset(struct buffer *buffer);

void buffer_add(struct buffer *buffer, const char *data, size_t length);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Adds text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void buffer_add_json(struct buffer *buffer, const char *text, size_t length);

/* Drops the first count bytes; the rest moves to the front. */
void buffer_drop(struct buffer *buffer, size_t count);

/* The text, owned by the caller now; NULL (ERROR_NO_MEMORY) if memory ran out on the way. */
MUST_CHECK char *buffer_take(struct buffer *buffer, struct error *err);

#endif
