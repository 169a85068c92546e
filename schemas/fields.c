/* fields.c - see fields.h. */
#include "schemas/fields.h"

#include "infra/base/nearest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What was cut inside a character is no text any more: its bytes become question marks. */
static void mend_cut(char *text)
{
    while (*text != '\0') {
        unsigned char lead = (unsigned char)*text;
        size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        size_t whole = 1;

        while (whole < length && ((unsigned char)text[whole] & 0xc0) == 0x80)
            whole++;
        if (whole < length || (lead >= 0x80 && lead < 0xc0))
            memset(text, '?', whole);
        text += whole;
    }
}

void fields_problem(struct fields *fields, const char *field, const char *format, ...)
{
    char name[256];
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(name, sizeof name, "%s", field);
    mend_cut(name);
    mend_cut(text);
    if (fields->problems == NULL)
        fields->problems = json_object();
    if (json_object_get(fields->problems, name) == NULL)
        json_object_set_new(fields->problems, name, json_string(text));
}

/* The field if it is there and of the type; notes what is wrong otherwise. */
static const json_t *find(struct fields *fields, const char *name, enum presence presence,
                          json_type type, const char *type_name)
{
    const json_t *value = json_object_get(fields->object, name);
    bool fits;

    if (fields->known_count < FIELDS_MOST)
        fields->known[fields->known_count++] = name;
    if (value == NULL || json_is_null(value)) {
        if (presence == REQUIRED && json_is_object(fields->object))
            fields_problem(fields, name, "missing: give %s", type_name);
        return NULL;
    }
    fits = json_typeof(value) == type || (type == JSON_REAL && json_is_integer(value)) ||
           (type == JSON_TRUE && json_is_boolean(value));
    if (!fits)
        fields_problem(fields, name, "wrong type: give %s", type_name);
    return fits ? value : NULL;
}

const char *fields_text(struct fields *fields, const char *name, enum presence presence,
                        size_t most_bytes)
{
    const json_t *value = find(fields, name, presence, JSON_STRING, "a string");

    if (value == NULL)
        return NULL;
    if (strlen(json_string_value(value)) != json_string_length(value))
        fields_problem(fields, name, "holds a NUL character: leave it out");
    else if (json_string_length(value) > most_bytes)
        fields_problem(fields, name, "longer than %zu bytes", most_bytes);
    else if (presence == REQUIRED &&
             strspn(json_string_value(value), " \t\r\n") == json_string_length(value))
        fields_problem(fields, name, "empty: give a text");
    else
        return json_string_value(value);
    return NULL;
}

int64_t fields_int(struct fields *fields, const char *name, enum presence presence, int64_t least,
                   int64_t most, int64_t fallback)
{
    const json_t *value = find(fields, name, presence, JSON_INTEGER, "a whole number");

    if (value == NULL)
        return fallback;
    if (json_integer_value(value) < least || json_integer_value(value) > most) {
        fields_problem(fields, name, "out of range: give %lld to %lld", (long long)least,
                       (long long)most);
        return fallback;
    }
    return json_integer_value(value);
}

double fields_number(struct fields *fields, const char *name, enum presence presence,
                     double fallback)
{
    const json_t *value = find(fields, name, presence, JSON_REAL, "a number");

    return value == NULL ? fallback : json_number_value(value);
}

bool fields_bool(struct fields *fields, const char *name, enum presence presence, bool fallback)
{
    const json_t *value = find(fields, name, presence, JSON_TRUE, "true or false");

    return value == NULL ? fallback : json_is_true(value);
}

int fields_choice(struct fields *fields, const char *name, enum presence presence,
                  const char *const *choices, int fallback)
{
    const char *word = fields_text(fields, name, presence, 64);
    const char *near;

    if (word == NULL)
        return fallback;
    for (int at = 0; choices[at] != NULL; at++)
        if (strcmp(choices[at], word) == 0)
            return at;
    near = nearest_word(word, choices, SIZE_MAX);
    if (near != NULL)
        fields_problem(fields, name, "unknown: did you mean %s?", near);
    else
        fields_problem(fields, name, "unknown: give one such as %s", choices[0]);
    return fallback;
}

const json_t *fields_object(struct fields *fields, const char *name, enum presence presence)
{
    return find(fields, name, presence, JSON_OBJECT, "an object");
}

const json_t *fields_array(struct fields *fields, const char *name, enum presence presence,
                           size_t most_items)
{
    const json_t *value = find(fields, name, presence, JSON_ARRAY, "an array");

    if (value != NULL && json_array_size(value) > most_items) {
        fields_problem(fields, name, "more than %zu items", most_items);
        return NULL;
    }
    return value;
}

const json_t *fields_any(struct fields *fields, const char *name)
{
    if (fields->known_count < FIELDS_MOST)
        fields->known[fields->known_count++] = name;
    return json_object_get(fields->object, name);
}

static void note_unknown(struct fields *fields)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)fields->object, name, value)
    {
        bool known = false;
        const char *near;

        for (size_t at = 0; at < fields->known_count && !known; at++)
            known = strcmp(fields->known[at], name) == 0;
        if (known)
            continue;
        near = nearest_word(name, fields->known, fields->known_count);
        if (near != NULL)
            fields_problem(fields, name, "unknown field: did you mean %s?", near);
        else
            fields_problem(fields, name, "unknown field: leave it out");
    }
}

bool fields_end_lenient(struct fields *fields, struct error *err)
{
    const char *name;
    json_t *text;

    if (!json_is_object(fields->object))
        return error_set(err, ERROR_VALIDATION, "the body must be a JSON object");
    if (fields->problems == NULL)
        return true;
    json_object_foreach(fields->problems, name, text)
    {
        size_t more = json_object_size(fields->problems) - 1;

        if (strncmp(json_string_value(text), "missing", 7) == 0)
            error_set(err, ERROR_VALIDATION, "Missing required field: %.100s", name);
        else
            error_set(err, ERROR_VALIDATION, "%.100s: %.120s", name, json_string_value(text));
        if (more > 0)
            snprintf(err->message + strlen(err->message),
                     sizeof err->message - strlen(err->message), " (and %zu more: see details)",
                     more);
        break;
    }
    return false;
}

bool fields_end(struct fields *fields, struct error *err)
{
    if (json_is_object(fields->object))
        note_unknown(fields);
    return fields_end_lenient(fields, err);
}

json_t *fields_take_problems(struct fields *fields)
{
    json_t *problems = fields->problems;

    fields->problems = NULL;
    return problems;
}

void fields_clear(struct fields *fields)
{
    json_decref(fields->problems);
    *fields = (struct fields){0};
}

/* Whether text nests deeper than JSON_DEPTH; looked at before the parser recurses. */
static bool too_deep(const char *text, size_t length)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t at = 0; at < length; at++) {
        if (quoted) {
            if (text[at] == '\\')
                at++; /* what is escaped ends no text */
            else
                quoted = text[at] != '"';
        } else if (text[at] == '"') {
            quoted = true;
        } else if (text[at] == '{' || text[at] == '[') {
            if (++depth > JSON_DEPTH)
                return true;
        } else if ((text[at] == '}' || text[at] == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

json_t *json_parse(const char *text, size_t length, struct error *err)
{
    json_error_t mistake;
    json_t *value;

    if (too_deep(text, length)) {
        error_set(err, ERROR_INVALID_REQUEST, "the JSON is nested deeper than %d levels",
                  JSON_DEPTH);
        return NULL;
    }
    value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
                       &mistake);
    if (value == NULL)
        error_set(err, ERROR_INVALID_REQUEST, "not valid JSON, line %d column %d: %.160s",
                  mistake.line, mistake.column, mistake.text);
    return value;
}

char *json_text(const json_t *value, struct error *err)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

    if (text == NULL)
        error_no_memory(err);
    return text;
}

json_t *json_text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}
