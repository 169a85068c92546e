/*
 * fields.h - JSON objects at the edge: fields are read with their limits, problems are collected.
 *
 * A zeroed struct fields with object set is ready. A reader takes every field it knows, each call
 * noting what is wrong with that field; fields_end() then tells all of it at once, also fields that
 * nobody asked for. What was read points into object. One thread at a time.
 */
#ifndef TRAINYARD_SCHEMAS_FIELDS_H
#define TRAINYARD_SCHEMAS_FIELDS_H

#include "infra/base/error.h"

#include <jansson.h>

enum { FIELDS_MOST = 48 };

struct fields {
    const json_t *object;           /* NULL or no object: a problem of its own */
    json_t *problems;               /* {field: what is wrong}, in the order found; NULL if none */
    const char *known[FIELDS_MOST]; /* what was asked for */
    size_t known_count;
};

enum presence { OPTIONAL, REQUIRED };

/*
 * Each returns the field's value, or the fallback when it is absent or null and OPTIONAL, or wrong.
 * Texts must not be empty where REQUIRED, nor longer than most_bytes, nor hold NUL.
 */
const char *fields_text(struct fields *fields, const char *name, enum presence presence,
                        size_t most_bytes);
int64_t fields_int(struct fields *fields, const char *name, enum presence presence, int64_t least,
                   int64_t most, int64_t fallback);
double fields_number(struct fields *fields, const char *name, enum presence presence,
                     double fallback);
bool fields_bool(struct fields *fields, const char *name, enum presence presence, bool fallback);
/* One of the words of choices (ended by NULL); its index, or fallback. The nearest is suggested. */
int fields_choice(struct fields *fields, const char *name, enum presence presence,
                  const char *const *choices, int fallback);
/* Borrowed; NULL when absent. */
const json_t *fields_object(struct fields *fields, const char *name, enum presence presence);
const json_t *fields_array(struct fields *fields, const char *name, enum presence presence,
                           size_t most_items);
/* Any value, unchecked: marks the field as known. */
const json_t *fields_any(struct fields *fields, const char *name);

/* Notes a problem of the caller's own finding; text is copied. */
void fields_problem(struct fields *fields, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

/*
 * Ends the reading. False if there was a problem: err (ERROR_VALIDATION) says the first, with how
 * many more there are; fields->problems stays for fields_take_problems() or fields_clear().
 */
MUST_CHECK bool fields_end(struct fields *fields, struct error *err);
/* The same for messages of our own topics: fields nobody asked for are passed over. */
MUST_CHECK bool fields_end_lenient(struct fields *fields, struct error *err);

/* The problems as an object, owned by the caller; NULL if there were none. */
json_t *fields_take_problems(struct fields *fields);
void fields_clear(struct fields *fields);

/*
 * Parses text as one JSON value, nested at most JSON_DEPTH deep: ERROR_INVALID_REQUEST with the
 * place of the mistake. Duplicated names are refused.
 */
enum { JSON_DEPTH = 32 };
MUST_CHECK json_t *json_parse(const char *text, size_t length, struct error *err);

/* A string, or null where there is no text. */
json_t *json_text_or_null(const char *text);

/* Compact text of a value; NULL (ERROR_NO_MEMORY) on failure. free() it. */
MUST_CHECK char *json_text(const json_t *value, struct error *err);

#endif
