/* table.c - see table.h. */
#include "engine/train/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/predict/encode.h"
#include "engine/predict/values.h"
#include "engine/train/read.h"

const char *field_type_name(enum field_type type)
{
    static const char *const NAMES[] = {"float", "integer", "boolean", "string", "date"};

    return NAMES[type];
}

void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        free(table->columns[i].name);
        free(table->columns[i].numbers);
        free(table->columns[i].texts);
        dictionary_clear(&table->columns[i].levels);
    }
    free(table->columns);
    *table = (struct table){0};
}

size_t table_find(const struct table *table, const char *name)
{
    size_t at = 0;

    while (at < table->columns_count && strcmp(table->columns[at].name, name) != 0)
        at++;
    return at;
}

bool table_missing(const struct column *column, size_t row)
{
    return column->texts != NULL ? column->texts[row] == TEXT_MISSING : isnan(column->numbers[row]);
}

struct value table_value(const struct column *column, size_t row)
{
    struct value value = {.kind = VALUE_MISSING};

    if (table_missing(column, row))
        return value;
    if (column->texts == NULL) {
        value.kind = VALUE_NUMBER;
        value.number = column->numbers[row];
    } else {
        value.kind = VALUE_TEXT;
        value.text = dictionary_text(&column->levels, column->texts[row], &value.length);
    }
    return value;
}

static void date_text(double seconds, char *text, size_t size)
{
    double whole = floor(seconds / 86400.0);
    int rest = (int)(seconds - whole * 86400.0);
    struct day day = day_from_number((int64_t)whole);

    if (rest == 0)
        snprintf(text, size, "%04d-%02d-%02d", day.year, day.month, day.day);
    else
        snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d", day.year, day.month, day.day,
                 rest / 3600, rest / 60 % 60, rest % 60);
}

bool table_text(const struct column *column, size_t row, char *text, size_t size)
{
    size_t length;

    if (table_missing(column, row))
        return false;
    if (column->texts != NULL)
        snprintf(text, size, "%s", dictionary_text(&column->levels, column->texts[row], &length));
    else if (column->type == FIELD_BOOLEAN)
        snprintf(text, size, "%s", column->numbers[row] != 0 ? "true" : "false");
    else if (column->type == FIELD_DATE)
        date_text(column->numbers[row], text, size);
    else
        number_text(column->numbers[row], text, size);
    return true;
}

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Counts missing and different values; sorts a copy of the numbers, which scratch has room for. */
static void count_values(struct column *column, size_t rows, double *scratch)
{
    size_t known = 0;

    column->missing = 0;
    for (size_t i = 0; i < rows; i++) {
        if (table_missing(column, i))
            column->missing++;
        else if (column->numbers != NULL)
            scratch[known++] = column->numbers[i];
    }
    column->unique = column->levels.count;
    if (column->numbers == NULL)
        return;
    qsort(scratch, known, sizeof *scratch, compare_numbers);
    column->unique = known > 0 ? 1 : 0;
    for (size_t i = 1; i < known; i++)
        column->unique += scratch[i] != scratch[i - 1];
}

/* Reads every level of a text column as another type; false when one cannot be. */
static bool levels_are(const struct column *column, enum field_type type, double *numbers)
{
    size_t length;

    if (type == FIELD_BOOLEAN && column->levels.count > 4) /* true, True, false, False */
        return false;
    for (uint32_t i = 0; i < column->levels.count; i++) {
        const char *text = dictionary_text(&column->levels, i, &length);

        if (type == FIELD_BOOLEAN && length < 4) /* words only: yes, t and 1 stay what they are */
            return false;
        if (!(type == FIELD_DATE ? text_date(text, length, &numbers[i])
                                 : text_boolean(text, length, &numbers[i])))
            return false;
    }
    return column->levels.count > 0;
}

/* A column of texts that all are dates, or all true and false, becomes that. */
static bool narrow(struct column *column, size_t rows, struct error *err)
{
    enum field_type type = FIELD_DATE;
    double *levels = malloc((column->levels.count + 1) * sizeof *levels);
    double *numbers = NULL;
    bool ok = levels != NULL;

    if (ok && !levels_are(column, type, levels)) {
        type = FIELD_BOOLEAN;
        if (!levels_are(column, type, levels))
            goto cleanup;
    }
    numbers = malloc((rows + 1) * sizeof *numbers);
    ok = ok && numbers != NULL;
    if (!ok) {
        free(numbers);
        error_no_memory(err);
        goto cleanup;
    }
    for (size_t i = 0; i < rows; i++)
        numbers[i] = column->texts[i] == TEXT_MISSING ? (double)NAN : levels[column->texts[i]];
    free(column->texts);
    dictionary_clear(&column->levels);
    column->texts = NULL;
    column->numbers = numbers;
    column->type = type;

cleanup:
    free(levels);
    return ok;
}

bool table_read(struct table *table, const struct build_file *files, size_t count,
                size_t memory_bytes, struct watch *watch, struct error *err)
{
    return table_read_first(table, files, count, 0, memory_bytes, watch, err);
}

bool table_read_first(struct table *table, const struct build_file *files, size_t count,
                      size_t rows_most, size_t memory_bytes, struct watch *watch, struct error *err)
{
    double *scratch = NULL;
    bool ok;

    *table = (struct table){.rows_most = rows_most};
    ok = read_files(table, files, count, memory_bytes, watch, err);
    if (ok) {
        scratch = malloc((table->rows + 1) * sizeof *scratch);
        ok = scratch != NULL || error_no_memory(err);
    }
    for (size_t i = 0; ok && i < table->columns_count; i++) {
        struct column *column = &table->columns[i];

        if (column->texts != NULL)
            ok = narrow(column, table->rows, err);
        if (ok)
            count_values(column, table->rows, scratch);
    }
    free(scratch);
    if (!ok)
        table_clear(table);
    return ok;
}
