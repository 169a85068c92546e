/* message_schema.c - see message_schema.h. */
#include "tests/unit/message_schema.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

json_t *message_schema_read(const char *name)
{
    char path[512];
    json_error_t mistake;
    json_t *schema;

    snprintf(path, sizeof path, "%s/schemas/messages/%s.schema.json", TRAINYARD_SOURCE_DIR, name);
    schema = json_load_file(path, JSON_REJECT_DUPLICATES, &mistake);
    if (schema == NULL)
        fail_msg("%s: line %d: %s", path, mistake.line, mistake.text);
    return schema;
}

json_t *message_schema_part(json_t *root, const char *name)
{
    return json_object_get(json_object_get(root, "$defs"), name);
}

/* What a keyword is checked against. */
struct look {
    json_t *root;
    json_t *value;
    struct error *err;
};

static bool wrong(const struct look *look, const char *keyword)
{
    char *text = json_dumps(look->value, JSON_COMPACT | JSON_ENCODE_ANY);

    error_set(look->err, ERROR_VALIDATION, "%s: %.150s", keyword, text == NULL ? "" : text);
    free(text);
    return false;
}

static bool is_of_type(const json_t *value, const char *type)
{
    static const struct {
        const char *name;
        json_type type;
    } ROWS[] = {{"object", JSON_OBJECT},   {"array", JSON_ARRAY},    {"string", JSON_STRING},
                {"null", JSON_NULL},       {"boolean", JSON_TRUE},   {"boolean", JSON_FALSE},
                {"integer", JSON_INTEGER}, {"number", JSON_INTEGER}, {"number", JSON_REAL}};

    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++)
        if (strcmp(ROWS[at].name, type) == 0 && json_typeof(value) == ROWS[at].type)
            return true;
    return false;
}

static bool check_type(const struct look *look, json_t *types)
{
    size_t at;
    json_t *type;

    if (json_is_string(types))
        return is_of_type(look->value, json_string_value(types)) || wrong(look, "type");
    json_array_foreach(types, at, type)
    {
        if (is_of_type(look->value, json_string_value(type)))
            return true;
    }
    return wrong(look, "type");
}

static bool check_enum(const struct look *look, json_t *words)
{
    size_t at;
    json_t *word;

    json_array_foreach(words, at, word)
    {
        if (json_equal(word, look->value))
            return true;
    }
    return wrong(look, "enum");
}

static bool check_const(const struct look *look, json_t *wanted)
{
    return json_equal(wanted, look->value) || wrong(look, "const");
}

static bool check_minimum(const struct look *look, json_t *limit)
{
    return !json_is_number(look->value) ||
           (json_is_integer(look->value)
                ? json_integer_value(look->value) >= json_integer_value(limit)
                : json_real_value(look->value) >= (double)json_integer_value(limit)) ||
           wrong(look, "minimum");
}

static bool check_maximum(const struct look *look, json_t *limit)
{
    return !json_is_integer(look->value) ||
           json_integer_value(look->value) <= json_integer_value(limit) || wrong(look, "maximum");
}

static bool check_max_length(const struct look *look, json_t *limit)
{
    json_int_t length = 0;

    if (!json_is_string(look->value))
        return true;
    for (const char *at = json_string_value(look->value); *at != '\0'; at++)
        length += (*at & 0xc0) != 0x80; /* characters, not bytes */
    return length <= json_integer_value(limit) || wrong(look, "maxLength");
}

static bool check_pattern(const struct look *look, json_t *pattern)
{
    regex_t compiled;
    bool fits;

    if (!json_is_string(look->value))
        return true;
    if (regcomp(&compiled, json_string_value(pattern), REG_EXTENDED | REG_NOSUB) != 0)
        return error_set(look->err, ERROR_INTERNAL, "no pattern: %s", json_string_value(pattern));
    fits = regexec(&compiled, json_string_value(look->value), 0, NULL, 0) == 0;
    regfree(&compiled);
    return fits || wrong(look, "pattern");
}

static bool check_min_items(const struct look *look, json_t *limit)
{
    return !json_is_array(look->value) ||
           (json_int_t)json_array_size(look->value) >= json_integer_value(limit) ||
           wrong(look, "minItems");
}

static bool check_max_items(const struct look *look, json_t *limit)
{
    return !json_is_array(look->value) ||
           (json_int_t)json_array_size(look->value) <= json_integer_value(limit) ||
           wrong(look, "maxItems");
}

static bool check_items(const struct look *look, json_t *schema)
{
    size_t at;
    json_t *item;

    json_array_foreach(look->value, at, item)
    {
        if (!message_schema_fits(look->root, schema, item, look->err))
            return false;
    }
    return true;
}

static bool check_required(const struct look *look, json_t *names)
{
    size_t at;
    json_t *name;

    json_array_foreach(names, at, name)
    {
        if (json_is_object(look->value) &&
            json_object_get(look->value, json_string_value(name)) == NULL)
            return error_set(look->err, ERROR_VALIDATION, "required: %s", json_string_value(name));
    }
    return true;
}

static bool check_properties(const struct look *look, json_t *properties)
{
    const char *name;
    json_t *schema;

    json_object_foreach(properties, name, schema)
    {
        json_t *value = json_object_get(look->value, name);
        struct error why = {0};

        if (value != NULL && !message_schema_fits(look->root, schema, value, &why))
            return error_set(look->err, why.code, "%s: %.200s", name, why.message);
    }
    return true;
}

static size_t count_fitting(const struct look *look, json_t *schemas)
{
    size_t count = 0;
    size_t at;
    json_t *schema;

    json_array_foreach(schemas, at, schema)
    {
        struct error ignored = {0};

        count += message_schema_fits(look->root, schema, look->value, &ignored);
    }
    return count;
}

static bool check_one_of(const struct look *look, json_t *schemas)
{
    return count_fitting(look, schemas) == 1 || wrong(look, "oneOf");
}

static bool check_any_of(const struct look *look, json_t *schemas)
{
    return count_fitting(look, schemas) > 0 || wrong(look, "anyOf");
}

static bool check_ref(const struct look *look, json_t *reference)
{
    static const char BEFORE[] = "#/$defs/";
    const char *text = json_string_value(reference);
    json_t *part = strncmp(text, BEFORE, strlen(BEFORE)) == 0
                       ? message_schema_part(look->root, text + strlen(BEFORE))
                       : NULL;

    if (part == NULL)
        return error_set(look->err, ERROR_INTERNAL, "no such part: %s", text);
    return message_schema_fits(look->root, part, look->value, look->err);
}

static const struct {
    const char *name;
    bool (*check)(const struct look *look, json_t *argument); /* NULL: says nothing of values */
} KEYWORDS[] = {
    {"$schema", NULL},
    {"$defs", NULL},
    {"title", NULL},
    {"description", NULL},
    {"format", NULL}, /* there is a pattern too */
    {"$ref", check_ref},
    {"type", check_type},
    {"enum", check_enum},
    {"const", check_const},
    {"minimum", check_minimum},
    {"maximum", check_maximum},
    {"maxLength", check_max_length},
    {"pattern", check_pattern},
    {"minItems", check_min_items},
    {"maxItems", check_max_items},
    {"items", check_items},
    {"required", check_required},
    {"properties", check_properties},
    {"oneOf", check_one_of},
    {"anyOf", check_any_of},
};

enum { KEYWORDS_COUNT = sizeof KEYWORDS / sizeof *KEYWORDS };

bool message_schema_fits(json_t *root, json_t *schema, json_t *value, struct error *err)
{
    const struct look look = {root, value, err};
    const char *name;
    json_t *argument;

    json_object_foreach(schema, name, argument)
    {
        size_t at = 0;

        while (at < KEYWORDS_COUNT && strcmp(KEYWORDS[at].name, name) != 0)
            at++;
        if (at == KEYWORDS_COUNT)
            return error_set(err, ERROR_INTERNAL, "nobody checks the keyword %s", name);
        if (KEYWORDS[at].check != NULL && !KEYWORDS[at].check(&look, argument))
            return false;
    }
    return true;
}
