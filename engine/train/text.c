/* text.c - see text.h. */
#include "engine/train/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct text *text, size_t more)
{
    size_t capacity = text->capacity == 0 ? 256 : text->capacity;
    char *data;

    if (text->failed)
        return false;
    while (capacity <= text->length + more)
        capacity *= 2;
    if (capacity == text->capacity)
        return true;
    data = realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void text_clear(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

void text_add(struct text *text, const char *data, size_t length)
{
    if (!reserve(text, length))
        return;
    if (length > 0)
        memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_list again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        text->failed = true;
    else if (reserve(text, (size_t)length + 1)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

static void add_quoted(struct text *text, const char *value)
{
    text_add(text, "\"", 1);
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            text_printf(text, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            text_printf(text, "\\u%04x", (unsigned)*c);
        else
            text_add(text, c, 1);
    }
    text_add(text, "\"", 1);
}

static void begin(struct text *text, const char *key)
{
    if (text->comma)
        text_add(text, ",", 1);
    text->comma = true;
    if (key != NULL) {
        add_quoted(text, key);
        text_add(text, ":", 1);
    }
}

void json_open(struct text *text, const char *key, char bracket)
{
    begin(text, key);
    text_add(text, &bracket, 1);
    text->comma = false;
}

void json_close(struct text *text, char bracket)
{
    text_add(text, &bracket, 1);
    text->comma = true;
}

void json_text(struct text *text, const char *key, const char *value)
{
    begin(text, key);
    if (value == NULL)
        text_add(text, "null", 4);
    else
        add_quoted(text, value);
}

void json_number(struct text *text, const char *key, double value)
{
    begin(text, key);
    if (isfinite(value))
        text_printf(text, "%.6g", value);
    else
        text_add(text, "null", 4);
}

void json_count(struct text *text, const char *key, size_t value)
{
    begin(text, key);
    text_printf(text, "%zu", value);
}

void json_bool(struct text *text, const char *key, bool value)
{
    begin(text, key);
    text_printf(text, "%s", value ? "true" : "false");
}
