/* input_row.c - see input_row.h. */
#include "api/input_row.h"

#include "engine/predict/values.h"
#include "infra/base/nearest.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum json_kind { KIND_NULL, KIND_BOOLEAN, KIND_NUMBER, KIND_TEXT, KIND_OTHER };

/* A value as JSON has it. */
struct given {
    enum json_kind kind;
    double number; /* of KIND_BOOLEAN: 0 or 1 */
    const char *text;
    size_t length;
};

/* Which kinds of JSON a type takes. */
static bool takes(enum field_type type, enum json_kind kind)
{
    switch (type) {
    case FIELD_FLOAT:
    case FIELD_INTEGER:
        return kind == KIND_NUMBER || kind == KIND_TEXT;
    case FIELD_BOOLEAN:
    case FIELD_STRING:
        return kind == KIND_BOOLEAN || kind == KIND_NUMBER || kind == KIND_TEXT;
    case FIELD_DATE:
        return kind == KIND_TEXT;
    }
    return false;
}

static void warn(struct input_row *row, const char *field, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void warn(struct input_row *row, const char *field, const char *format, ...)
{
    char text[400];
    va_list args;
    int length = snprintf(text, sizeof text, "%.100s: ", field);

    if (row->warnings_count++ >= INPUT_WARNINGS_MOST)
        return;
    va_start(args, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, args);
    va_end(args);
    if (row->warnings.length > 0)
        buffer_add_char(&row->warnings, ',');
    buffer_add_json(&row->warnings, text, strlen(text));
}

/* Fields ----------------------------------------------------------------------------------------*/

/* Says what was made of a value that is not quite of the field's type. */
static void note_reading(struct input_row *row, const struct field *field,
                         const struct given *given)
{
    bool numeric = field->type == FIELD_FLOAT || field->type == FIELD_INTEGER;

    if (numeric && given->kind == KIND_TEXT)
        warn(row, field->name, "the text \"%.*s\" was read as a number",
             given->length > 40 ? 40 : (int)given->length, given->text);
    else if (field->type == FIELD_STRING && given->kind == KIND_NUMBER)
        warn(row, field->name, "the number %.15g was read as a text", given->number);
    else if (field->type == FIELD_STRING && given->kind == KIND_BOOLEAN)
        warn(row, field->name, "%s was read as a text", given->number != 0 ? "true" : "false");
    else if (field->type == FIELD_INTEGER && given->kind == KIND_NUMBER &&
             given->number != floor(given->number))
        warn(row, field->name, "%.15g is not a whole number; it was used as it is", given->number);
}

static struct value value_of(const struct field *field, const struct given *given)
{
    struct value value = {.kind = VALUE_TEXT, .text = given->text, .length = given->length};

    if (given->kind == KIND_TEXT) {
        if (field->type != FIELD_STRING && text_is_missing(given->text, given->length))
            value.kind = VALUE_MISSING;
    } else if (given->kind == KIND_BOOLEAN && field->type == FIELD_STRING) {
        value.text = given->number != 0 ? "true" : "false";
        value.length = strlen(value.text);
    } else {
        value = (struct value){.kind = VALUE_NUMBER, .number = given->number};
    }
    return value;
}

static void set_field(struct input_row *row, const struct predictor *predictor, size_t index,
                      const struct given *given, struct fields *problems)
{
    size_t count;
    const struct field *field = &predictor_fields(predictor, &count)[index];
    struct value value;

    row->seen[index] = true;
    if (given->kind == KIND_NULL)
        return;
    value = value_of(field, given);
    if (!takes(field->type, given->kind) || !predictor_value_fits(predictor, index, &value)) {
        fields_problem(problems, field->name, "wrong type: give %s",
                       field_type_wanted(field->type));
        return;
    }
    row->values[index] = value;
    if (value.kind == VALUE_MISSING)
        return;
    note_reading(row, field, given);
    if (predictor_category_known(predictor, index, &value))
        return;
    if (value.kind == VALUE_TEXT)
        warn(row, field->name, "\"%.*s\" did not occur in training; it counts as a rare value",
             value.length > 60 ? 60 : (int)value.length, value.text);
    else
        warn(row, field->name, "%.15g did not occur in training; it counts as a rare value",
             value.number);
}

static void note_extra(struct input_row *row, const struct predictor *predictor, const char *name,
                       size_t length)
{
    const char *target = predictor_target(predictor);
    char copy[INPUT_EXTRA_BYTES];

    if (length >= sizeof copy)
        length = sizeof copy - 1;
    memcpy(copy, name, length);
    copy[length] = '\0';
    if (row->extras_count < INPUT_EXTRAS_KEPT)
        memcpy(row->extras[row->extras_count++], copy, length + 1);
    if (strcmp(copy, target) == 0)
        warn(row, copy, "is what the model predicts; it was not used");
    else
        warn(row, copy, "the model has no such field; it was not used");
}

/* Of a field that is missing; an extra one with nearly its name may be meant. */
static void note_missing(const struct input_row *row, const struct field *field,
                         struct fields *problems)
{
    const char *extras[INPUT_EXTRAS_KEPT];
    const char *near;

    for (size_t at = 0; at < row->extras_count; at++)
        extras[at] = row->extras[at];
    near = nearest_word(field->name, extras, row->extras_count);
    if (near == NULL)
        fields_problem(problems, field->name, "missing: give %s", field_type_wanted(field->type));
    else
        fields_problem(problems, field->name, "missing: give %s; did you mean it by %s?",
                       field_type_wanted(field->type), near);
}

/* What is required and was not given. A field with another problem keeps that one. */
static void check_missing(struct input_row *row, const struct predictor *predictor,
                          struct fields *problems)
{
    size_t count;
    const struct field *fields = predictor_fields(predictor, &count);

    for (size_t at = 0; at < count; at++)
        if (fields[at].required && row->values[at].kind == VALUE_MISSING)
            note_missing(row, &fields[at], problems);
}

/* The quick way ---------------------------------------------------------------------------------*/

/* The JSON library has whole numbers of 64 bits: what may be longer is its matter. */
enum { EXTRAS_MOST = 16, WHOLE_DIGITS_MOST = 18 };

struct scan {
    const char *at;
    const char *end;
    size_t extras_count;
    struct {
        const char *name;
        size_t length;
    } extras[EXTRAS_MOST]; /* fields that the model has not */
};

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
        scan->at++;
}

static bool skip_char(struct scan *scan, char c)
{
    skip_blanks(scan);
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* A text without escapes and of ASCII only. */
static bool scan_text(struct scan *scan, const char **text, size_t *length)
{
    if (!skip_char(scan, '"'))
        return false;
    *text = scan->at;
    while (scan->at < scan->end && *scan->at >= ' ' && *scan->at < 0x7f && *scan->at != '"' &&
           *scan->at != '\\')
        scan->at++;
    *length = (size_t)(scan->at - *text);
    if (scan->at == scan->end || *scan->at != '"')
        return false;
    scan->at++;
    return true;
}

static size_t skip_digits(struct scan *scan)
{
    const char *from = scan->at;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return (size_t)(scan->at - from);
}

/* A number by JSON's grammar. A character follows it in the text, so strtod() stops in time. */
static bool scan_number(struct scan *scan, double *number)
{
    const char *from = scan->at;
    size_t digits;
    bool whole = true;

    scan->at += *scan->at == '-';
    digits = skip_digits(scan);
    if (digits == 0 || (digits > 1 && scan->at[-(ptrdiff_t)digits] == '0'))
        return false;
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        whole = false;
        if (skip_digits(scan) == 0)
            return false;
    }
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        whole = false;
        scan->at += scan->at < scan->end && (*scan->at == '+' || *scan->at == '-');
        if (skip_digits(scan) == 0)
            return false;
    }
    if (scan->at == scan->end || (whole && digits > WHOLE_DIGITS_MOST))
        return false;
    *number = strtod(from, NULL);
    return isfinite(*number);
}

static bool scan_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

static bool scan_value(struct scan *scan, struct given *given)
{
    skip_blanks(scan);
    *given = (struct given){.kind = KIND_NULL};
    if (scan->at == scan->end)
        return false;
    switch (*scan->at) {
    case '"':
        given->kind = KIND_TEXT;
        return scan_text(scan, &given->text, &given->length);
    case 'n':
        return scan_word(scan, "null");
    case 't':
        given->kind = KIND_BOOLEAN;
        given->number = 1;
        return scan_word(scan, "true");
    case 'f':
        given->kind = KIND_BOOLEAN;
        return scan_word(scan, "false");
    default:
        given->kind = KIND_NUMBER;
        return scan_number(scan, &given->number);
    }
}

/* Whether a name that the model has not stands here a second time, or is one too many to compare.
 */
static bool is_extra_again(struct scan *scan, const char *name, size_t length)
{
    for (size_t at = 0; at < scan->extras_count; at++)
        if (scan->extras[at].length == length && memcmp(scan->extras[at].name, name, length) == 0)
            return true;
    if (scan->extras_count == EXTRAS_MOST)
        return true;
    scan->extras[scan->extras_count].name = name;
    scan->extras[scan->extras_count++].length = length;
    return false;
}

/* One `"name": value`. False when the JSON library is to look at the text. */
static bool scan_field(struct scan *scan, struct input_row *row, const struct predictor *predictor,
                       struct fields *problems)
{
    struct given given;
    const char *name;
    size_t length;
    size_t index;

    if (!scan_text(scan, &name, &length) || !skip_char(scan, ':') || !scan_value(scan, &given))
        return false;
    if (!predictor_field_find(predictor, name, length, &index)) {
        if (is_extra_again(scan, name, length))
            return false;
        note_extra(row, predictor, name, length);
        return true;
    }
    if (row->seen[index])
        return false;
    set_field(row, predictor, index, &given, problems);
    return true;
}

static bool scan_object(struct input_row *row, const struct predictor *predictor, const char *text,
                        size_t length, struct fields *problems)
{
    struct scan scan = {.at = text, .end = text + length};

    if (!skip_char(&scan, '{'))
        return false;
    if (!skip_char(&scan, '}')) {
        do {
            if (!scan_field(&scan, row, predictor, problems))
                return false;
        } while (skip_char(&scan, ','));
        if (!skip_char(&scan, '}'))
            return false;
    }
    skip_blanks(&scan);
    return scan.at == scan.end;
}

/* The thorough way ------------------------------------------------------------------------------*/

static struct given given_of(const json_t *value)
{
    struct given given = {.kind = KIND_OTHER};

    if (json_is_null(value))
        given.kind = KIND_NULL;
    else if (json_is_boolean(value))
        given = (struct given){.kind = KIND_BOOLEAN, .number = json_is_true(value)};
    else if (json_is_number(value))
        given = (struct given){.kind = KIND_NUMBER, .number = json_number_value(value)};
    else if (json_is_string(value))
        given = (struct given){.kind = KIND_TEXT,
                               .text = json_string_value(value),
                               .length = json_string_length(value)};
    return given;
}

static bool read_json(struct input_row *row, const struct predictor *predictor, const char *text,
                      size_t length, struct fields *problems, struct error *err)
{
    const char *name;
    json_t *value;

    row->json = json_parse(text, length, err);
    if (row->json == NULL)
        return false;
    if (!json_is_object(row->json))
        return error_set(err, ERROR_INVALID_REQUEST,
                         "the body must be a JSON object: a value for each field of the model");
    json_object_foreach(row->json, name, value)
    {
        struct given given = given_of(value);
        size_t index;

        if (predictor_field_find(predictor, name, strlen(name), &index))
            set_field(row, predictor, index, &given, problems);
        else
            note_extra(row, predictor, name, strlen(name));
    }
    return true;
}

/* Forgets what the quick way made of a text that it did not get through. */
static void start_over(struct input_row *row, size_t count, struct fields *problems)
{
    memset(row->values, 0, count * sizeof *row->values);
    memset(row->seen, 0, count * sizeof *row->seen);
    buffer_reset(&row->warnings);
    row->warnings_count = 0;
    row->extras_count = 0;
    json_decref(fields_take_problems(problems));
}

bool input_row_read(struct input_row *row, const struct predictor *predictor, const char *text,
                    size_t length, struct fields *problems, struct error *err)
{
    size_t count;

    predictor_fields(predictor, &count);
    *row = (struct input_row){0};
    row->values = calloc(count + 1, sizeof *row->values + sizeof *row->seen);
    if (row->values == NULL)
        return error_no_memory(err);
    row->seen = (bool *)(row->values + count + 1);
    if (!scan_object(row, predictor, text, length, problems)) {
        start_over(row, count, problems);
        if (!read_json(row, predictor, text, length, problems, err))
            return false;
    }
    check_missing(row, predictor, problems);
    return true;
}

void input_row_clear(struct input_row *row)
{
    free(row->values);
    buffer_clear(&row->warnings);
    json_decref(row->json);
    *row = (struct input_row){0};
}
