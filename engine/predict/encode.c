/* encode.c - see encode.h. */
#include "engine/predict/encode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/predict/values.h"

enum { NUMBER_TEXT_SIZE = 40 };

uint64_t text_hash(const char *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

size_t number_text(double number, char *text, size_t size)
{
    int length;

    if (number == floor(number) && fabs(number) < 1e15)
        length = snprintf(text, size, "%.0f", number == 0 ? 0.0 : number);
    else {
        length = snprintf(text, size, "%.15g", number);
        if (strtod(text, NULL) != number)
            length = snprintf(text, size, "%.17g", number);
    }
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

bool value_is_missing(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NUMBER:
        return !isfinite(value->number);
    case VALUE_TEXT:
        return text_is_missing(value->text, value->length);
    case VALUE_MISSING:
        break;
    }
    return true;
}

bool value_number(enum field_type type, const struct value *value, double *number)
{
    if (value->kind == VALUE_NUMBER) {
        *number = value->number;
        return isfinite(*number);
    }
    if (value->kind != VALUE_TEXT)
        return false;
    switch (type) {
    case FIELD_BOOLEAN:
        return text_boolean(value->text, value->length, number);
    case FIELD_DATE:
        return text_date(value->text, value->length, number);
    case FIELD_FLOAT:
    case FIELD_INTEGER:
    case FIELD_STRING:
        break;
    }
    return text_number(value->text, value->length, number);
}

static const struct category_record *find_text(const struct encoder *encoder,
                                               const struct feature_record *feature,
                                               const char *text, size_t length)
{
    const struct category_record *table = encoder->categories + feature->first;
    uint32_t mask = feature->slots - 1;
    uint32_t at = (uint32_t)text_hash(text, length) & mask;

    for (uint32_t probes = 0; probes < feature->slots; probes++) {
        const struct category_record *slot = &table[(at + probes) & mask];

        if (slot->count == 0)
            return NULL;
        if (slot->text.length == length &&
            memcmp(encoder->strings + slot->text.offset, text, length) == 0)
            return slot;
    }
    return NULL;
}

const struct category_record *encode_category(const struct encoder *encoder,
                                              const struct feature_record *feature,
                                              const struct value *value)
{
    char text[NUMBER_TEXT_SIZE];

    if (feature->slots == 0 || value_is_missing(value))
        return NULL;
    if (value->kind == VALUE_TEXT)
        return find_text(encoder, feature, value->text, value->length);
    return find_text(encoder, feature, text, number_text(value->number, text, sizeof text));
}

static double encode_date(enum feature_kind kind, double seconds)
{
    double whole = floor(seconds / 86400.0);
    struct day day;

    if (fabs(whole) > 4e6) /* some 11,000 years: no date of a table */
        return NAN;
    day = day_from_number((int64_t)whole);
    switch (kind) {
    case FEATURE_YEAR:
        return day.year;
    case FEATURE_MONTH:
        return day.month;
    case FEATURE_DAY:
        return day.day;
    case FEATURE_WEEKDAY:
        return day.weekday;
    case FEATURE_YEARDAY:
        return day.yearday;
    case FEATURE_HOUR:
        return floor((seconds - whole * 86400.0) / 3600.0);
    default:
        return whole;
    }
}

static double encode_one(const struct encoder *encoder, const struct feature_record *feature,
                         const struct value *row)
{
    const struct value *value = &row[feature->field];
    const struct category_record *category;
    double number;

    switch (feature->kind) {
    case FEATURE_CATEGORY:
        if (value_is_missing(value))
            return feature->fill;
        category = encode_category(encoder, feature, value);
        return category == NULL || category->code >= CATEGORY_NONE ? (double)NAN
                                                                   : (double)category->code;
    case FEATURE_FREQUENCY:
        category = encode_category(encoder, feature, value);
        return category == NULL ? 0.0 : category->frequency;
    default:
        if (!value_number((enum field_type)encoder->fields[feature->field].type, value, &number))
            return feature->fill;
        return feature->kind == FEATURE_NUMBER
                   ? number
                   : encode_date((enum feature_kind)feature->kind, number);
    }
}

void encode_row(const struct encoder *encoder, const struct value *row, double *out)
{
    for (size_t i = 0; i < encoder->features_count; i++)
        out[i] = encode_one(encoder, &encoder->features[i], row);
}
