/*
 * text.h - a text that grows, and JSON written into it. One thread at a time.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_TEXT_H
#define TRAINYARD_ENGINE_TRAIN_TEXT_H

#include <stddef.h>

#include "infra/base/error.h"

/* Zeroed is empty. After a failed allocation, failed is set and every further call does nothing. */
struct text {
    char *data; /* ends with NUL once anything was added */
    size_t length;
    size_t capacity;
    bool failed;
    bool comma; /* the next JSON value follows another */
};

void text_clear(struct text *text);

/* Adds bytes, a formatted text. */
void text_add(struct text *text, const char *data, size_t length);
void text_printf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

/* JSON, commas set as needed. key is NULL within an array. Non-finite numbers become null. */
void json_open(struct text *text, const char *key, char bracket);
void json_close(struct text *text, char bracket);
void json_text(struct text *text, const char *key, const char *value); /* NULL is null */
void json_number(struct text *text, const char *key, double value);    /* six digits */
void json_count(struct text *text, const char *key, size_t value);
void json_bool(struct text *text, const char *key, bool value);

#endif
