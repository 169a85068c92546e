/*
 * result.h - the predictions of a batch as lines, in the order of its rows.
 *
 * NDJSON: {"prediction": {...}} as a single row's answer has it; of a row that could not be
 * predicted {"prediction": null, "error": "..."}. CSV: a header with the fields of the answer,
 * then `probability_CLASS` for each class where the client gave no output schema, then the error.
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_RESULT_H
#define TRAINYARD_ENGINE_PREDICT_RESULT_H

#include "engine/predict/predictor.h"
#include "infra/base/buffer.h"

enum result_format { RESULT_NDJSON, RESULT_CSV, RESULT_PARQUET };

/* What a model's answers look like. */
struct result_form {
    const struct predictor *predictor;
    bool has_output_schema; /* the client gave one */
};

/* The words of the API, ended by NULL: ndjson, csv, parquet. */
extern const char *const result_format_words[];

/* Adds a line for what predictor_run() wrote; warnings are JSON strings between commas, or none. */
void result_add_json(struct buffer *lines, const struct result_form *form, const double *out,
                     const char *warnings, size_t warnings_length);
void result_add_json_error(struct buffer *lines, const char *error);

/* The same as lines of CSV. */
void result_add_csv_head(struct buffer *lines, const struct result_form *form);
void result_add_csv(struct buffer *lines, const struct result_form *form, const double *out);
void result_add_csv_error(struct buffer *lines, const struct result_form *form, const char *error);

/* The columns of the CSV: name and type (an SQL word: DOUBLE, BIGINT, BOOLEAN, VARCHAR). */
void result_columns(const struct result_form *form,
                    void (*tell)(void *context, const char *name, const char *type), void *context);

#endif
