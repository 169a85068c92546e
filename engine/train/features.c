/* features.c - see features.h. */
#include "engine/train/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CODES_MAX = CATEGORY_NONE - 1, /* one is kept for missing */
    COUNT_LEAST = 2,               /* rarer texts have no code */
    LEVELS_MAX = 50000             /* texts of a column that are remembered */
};

struct fitting {
    struct features *features;
    struct plan *plan;
    const uint32_t *rows;
    size_t count;
};

struct level {
    const char *text;
    size_t length;
    uint32_t count;
};

void features_clear(struct features *features)
{
    free(features->fields);
    free(features->features);
    free(features->categories);
    text_clear(&features->strings);
    *features = (struct features){0};
}

struct encoder features_encoder(const struct features *features)
{
    return (struct encoder){.fields = features->fields,
                            .fields_count = features->fields_count,
                            .features = features->features,
                            .features_count = features->features_count,
                            .categories = features->categories,
                            .strings = features->strings.data};
}

static bool add_string(struct features *features, const char *text, size_t length,
                       struct text_ref *ref, struct error *err)
{
    if (features->strings.length + length + 1 > UINT32_MAX)
        return error_set(err, ERROR_TOO_LARGE, "the names and categories are too long together");
    *ref = (struct text_ref){(uint32_t)features->strings.length, (uint32_t)length};
    text_add(&features->strings, text, length);
    text_add(&features->strings, "", 1);
    return !features->strings.failed || error_no_memory(err);
}

bool features_text(struct features *features, const char *text, struct text_ref *ref,
                   struct error *err)
{
    return add_string(features, text, strlen(text), ref, err);
}

static struct value input_value(const struct plan *plan, size_t input, size_t row)
{
    return table_value(&plan->table->columns[plan->inputs[input].column], row);
}

/* Adds a feature, if there is room; the room is for more than 2,000 columns with two each. */
static bool add_feature(struct fitting *fitting, size_t field, enum feature_kind kind, double fill)
{
    struct features *features = fitting->features;

    if (features->features_count == FEATURES_MAX)
        return false;
    features->features[features->features_count++] =
        (struct feature_record){.kind = kind, .field = (uint32_t)field, .fill = fill};
    return true;
}

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* A number's fill: NaN where training rows miss it too, else the median. */
static bool fit_number(struct fitting *fitting, size_t field, struct error *err)
{
    enum field_type type = fitting->plan->inputs[field].type;
    double *numbers = malloc((fitting->count + 1) * sizeof *numbers);
    size_t known = 0;

    if (numbers == NULL)
        return error_no_memory(err);
    for (size_t i = 0; i < fitting->count; i++) {
        struct value value = input_value(fitting->plan, field, fitting->rows[i]);

        known += value_number(type, &value, &numbers[known]);
    }
    qsort(numbers, known, sizeof *numbers, compare_numbers);
    if (known > 0 && numbers[0] < numbers[known - 1])
        add_feature(fitting, field, FEATURE_NUMBER,
                    known == fitting->count ? numbers[known / 2] : (double)NAN);
    else if (known > 0 && known < fitting->count) /* there or not there is what it tells */
        add_feature(fitting, field, FEATURE_NUMBER, (double)NAN);
    free(numbers);
    return true;
}

/* Counts the texts of a field over the rows; levels are texts of the dictionary, most first. */
static bool count_levels(struct fitting *fitting, size_t field, struct dictionary *texts,
                         struct level **levels, size_t *missing, struct error *err)
{
    uint32_t *counts = calloc(fitting->count + 1, sizeof *counts);
    bool ok = counts != NULL || error_no_memory(err);

    *missing = 0;
    for (size_t i = 0; ok && i < fitting->count; i++) {
        struct value value = input_value(fitting->plan, field, fitting->rows[i]);
        char text[40];
        uint32_t number;

        if (value.kind == VALUE_MISSING) {
            ++*missing;
            continue;
        }
        if (value.kind == VALUE_NUMBER) {
            value.text = text;
            value.length = number_text(value.number, text, sizeof text);
        }
        ok = dictionary_add(texts, value.text, value.length, &number, err);
        if (ok)
            counts[number]++;
    }
    if (ok) {
        *levels = calloc(texts->count + 1, sizeof **levels);
        ok = *levels != NULL || error_no_memory(err);
    }
    for (uint32_t i = 0; ok && i < texts->count; i++) {
        (*levels)[i].text = dictionary_text(texts, i, &(*levels)[i].length);
        (*levels)[i].count = counts[i];
    }
    free(counts);
    return ok;
}

static int compare_levels(const void *left, const void *right)
{
    const struct level *a = left;
    const struct level *b = right;

    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return strcmp(a->text, b->text);
}

static bool add_levels(struct fitting *fitting, const struct level *levels, size_t count,
                       size_t *first, size_t *slots, struct error *err)
{
    struct features *features = fitting->features;
    struct category_record *grown;

    for (*slots = 2; *slots < count * 2;)
        *slots *= 2;
    *first = features->categories_count;
    grown = realloc(features->categories, (*first + *slots) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(err);
    features->categories = grown;
    memset(grown + *first, 0, *slots * sizeof *grown);
    features->categories_count += *slots;
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)text_hash(levels[i].text, levels[i].length) & (*slots - 1);
        struct category_record *slot;

        while (grown[*first + at].count != 0)
            at = (at + 1) & (*slots - 1);
        slot = &grown[*first + at];
        slot->code = i < CODES_MAX && levels[i].count >= COUNT_LEAST ? (uint32_t)i : CATEGORY_NONE;
        slot->count = levels[i].count;
        slot->frequency = (double)levels[i].count / (double)fitting->count;
        if (!add_string(features, levels[i].text, levels[i].length, &slot->text, err))
            return false;
    }
    return true;
}

static bool fit_category(struct fitting *fitting, size_t field, struct error *err)
{
    struct features *features = fitting->features;
    struct dictionary texts = {0};
    struct level *levels = NULL;
    size_t missing;
    size_t count;
    size_t first;
    size_t slots;
    size_t before = features->features_count;
    bool ok = count_levels(fitting, field, &texts, &levels, &missing, err);

    if (!ok)
        goto cleanup;
    qsort(levels, texts.count, sizeof *levels, compare_levels);
    count = texts.count < LEVELS_MAX ? texts.count : LEVELS_MAX;
    ok = add_levels(fitting, levels, count, &first, &slots, err);
    if (!ok)
        goto cleanup;
    add_feature(fitting, field, FEATURE_CATEGORY,
                missing >= COUNT_LEAST ? (double)CODES_MAX : (double)NAN);
    if (count > CODES_MAX) {
        add_feature(fitting, field, FEATURE_FREQUENCY, 0);
        ok = plan_note(&fitting->plan->warnings, err,
                       fitting->plan->table->columns[fitting->plan->inputs[field].column].name,
                       "it has %zu different texts: the %d most frequent are told apart, the "
                       "others by how often they occur",
                       texts.count, CODES_MAX);
    }
    for (size_t i = before; i < features->features_count; i++) {
        features->features[i].first = (uint32_t)first;
        features->features[i].slots = (uint32_t)slots;
    }

cleanup:
    free(levels);
    dictionary_clear(&texts);
    return ok;
}

/* Those parts of a date that differ between rows. */
static void fit_date(struct fitting *fitting, size_t field)
{
    struct features *features = fitting->features;
    size_t column = fitting->plan->inputs[field].column;

    for (int kind = FEATURE_YEAR; kind <= FEATURE_EPOCH; kind++) {
        struct encoder encoder;
        struct feature_record *feature;
        double least = INFINITY;
        double most = -INFINITY;

        if (!add_feature(fitting, field, (enum feature_kind)kind, (double)NAN))
            return;
        encoder = features_encoder(features);
        feature = &features->features[features->features_count - 1];
        encoder.features = feature;
        encoder.features_count = 1;
        feature->field = 0; /* for a row that is this one value */
        encoder.fields = &features->fields[field];
        for (size_t i = 0; i < fitting->count; i++) {
            struct value value =
                table_value(&fitting->plan->table->columns[column], fitting->rows[i]);
            double number;

            encode_row(&encoder, &value, &number);
            least = number < least ? number : least;
            most = number > most ? number : most;
        }
        feature->field = (uint32_t)field;
        if (!(least < most))
            features->features_count--;
    }
}

static bool fit_field(struct fitting *fitting, size_t field, struct error *err)
{
    const struct plan_input *input = &fitting->plan->inputs[field];
    const struct column *column = &fitting->plan->table->columns[input->column];
    struct field_record *record = &fitting->features->fields[field];

    record->type = input->type;
    record->required = input->used && column->missing == 0;
    if (!features_text(fitting->features, column->name, &record->name, err))
        return false;
    if (!input->used)
        return true;
    if (input->type == FIELD_STRING)
        return fit_category(fitting, field, err);
    if (input->type == FIELD_DATE)
        fit_date(fitting, field);
    else
        return fit_number(fitting, field, err);
    return true;
}

bool features_fit(struct features *features, struct plan *plan, const uint32_t *rows, size_t count,
                  struct error *err)
{
    struct fitting fitting = {features, plan, rows, count};

    *features = (struct features){0};
    features->fields_count = plan->inputs_count;
    features->fields = calloc(plan->inputs_count + 1, sizeof *features->fields);
    features->features = calloc(FEATURES_MAX, sizeof *features->features);
    if (features->fields == NULL || features->features == NULL) {
        features_clear(features);
        return error_no_memory(err);
    }
    for (size_t i = 0; i < plan->inputs_count; i++) {
        if (!fit_field(&fitting, i, err)) {
            features_clear(features);
            return false;
        }
    }
    if (features->features_count == 0) {
        features_clear(features);
        return error_set(err, ERROR_VALIDATION,
                         "no column tells rows apart: send columns with different values");
    }
    return true;
}

double *features_encode(const struct features *features, const struct plan *plan,
                        const uint32_t *rows, size_t count, struct error *err)
{
    struct encoder encoder = features_encoder(features);
    size_t width = features->features_count;
    double *matrix = malloc((count * width + 1) * sizeof *matrix);
    struct value *row = calloc(plan->inputs_count + 1, sizeof *row);

    if (matrix == NULL || row == NULL) {
        free(matrix);
        free(row);
        error_no_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < plan->inputs_count; j++)
            row[j] = input_value(plan, j, rows[i]);
        encode_row(&encoder, row, matrix + i * width);
    }
    free(row);
    return matrix;
}
