/*
 * rows.h - rows of a model's input, packed into bytes: what was read and checked once is read again
 * as the very same values, so that a batch predicts what a single row would get.
 *
 * Bytes are in the machine's order. What is read is checked for its bounds, not trusted. One thread
 * at a time.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_ROWS_H
#define TRAINYARD_ENGINE_PREDICT_ROWS_H

#include "engine/predict/predictor.h"
#include "infra/base/buffer.h"

/* Adds what rows begin with: the names of the model's fields, in order. */
void rows_add_head(struct buffer *bytes, const struct predictor *predictor);

/* Adds a row, count values, and a note of length bytes that goes with it (0: none). */
void rows_add(struct buffer *bytes, const struct value *values, size_t count, const char *note,
              size_t length);

/* Zeroed before rows_open(); nothing to free. Borrows the bytes. */
struct rows {
    const char *at;
    const char *end;
    size_t fields;
    const char *note; /* of the row that was read last */
    size_t note_length;
};

/* Reads the head. ERROR_VALIDATION when the bytes are no rows, or of another model's fields. */
MUST_CHECK bool rows_open(struct rows *rows, const void *bytes, size_t size,
                          const struct predictor *predictor, struct error *err);

/* Whether all was read. */
bool rows_at_end(const struct rows *rows);

/* Reads the next row into values, whose texts point into the bytes. ERROR_VALIDATION. */
MUST_CHECK bool rows_next(struct rows *rows, struct value *values, struct error *err);

#endif
