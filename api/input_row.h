/*
 * input_row.h - reads a JSON object into the row of values that a model predicts from.
 *
 * One pass over the text, straight into the values; what the pass does not know (escapes, texts
 * that are not ASCII, nested values, mistakes) goes to the JSON library, which also says what is
 * wrong. One thread at a time.
 */
#ifndef TRAINYARD_API_INPUT_ROW_H
#define TRAINYARD_API_INPUT_ROW_H

#include "engine/predict/predictor.h"
#include "infra/base/buffer.h"
#include "schemas/fields.h"

enum { INPUT_WARNINGS_MOST = 50, INPUT_EXTRAS_KEPT = 8, INPUT_EXTRA_BYTES = 101 };

struct input_row {
    struct value *values;   /* one for each field of the model; they point into text or json */
    struct buffer warnings; /* JSON strings between commas; empty: none */
    size_t warnings_count;
    size_t extras_count; /* the first fields that the model has not, each cut at its size */
    char extras[INPUT_EXTRAS_KEPT][INPUT_EXTRA_BYTES];
    json_t *json; /* NULL unless the text went to the JSON library */
    bool *seen;   /* by field */
};

/*
 * Reads text, which must outlive row. False when it is no JSON object (ERROR_INVALID_REQUEST) or
 * memory runs out. What is wrong with fields is noted in problems. Clear row either way.
 */
MUST_CHECK bool input_row_read(struct input_row *row, const struct predictor *predictor,
                               const char *text, size_t length, struct fields *problems,
                               struct error *err);
void input_row_clear(struct input_row *row);

#endif
