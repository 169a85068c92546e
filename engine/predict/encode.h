/*
 * encode.h - turns a row of values into the features that trees look at.
 *
 * The trainer encodes its tables with the same functions, so that a value means the same in
 * training and in serving. Pure functions; any thread.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_ENCODE_H
#define TRAINYARD_ENGINE_PREDICT_ENCODE_H

#include "engine/predict/format.h"
#include "engine/predict/predictor.h"

/* Borrowed tables: of a mapped artifact, or those that the trainer is fitting. */
struct encoder {
    const struct field_record *fields;
    size_t fields_count;
    const struct feature_record *features;
    size_t features_count;
    const struct category_record *categories;
    const char *strings;
};

/* Writes features_count numbers to out, NaN for what is missing. row has fields_count values. */
void encode_row(const struct encoder *encoder, const struct value *row, double *out);

/* The slot of a value in a categorical feature's table; NULL when it is missing or unseen. */
const struct category_record *encode_category(const struct encoder *encoder,
                                              const struct feature_record *feature,
                                              const struct value *value);

/* Whether the value is missing: no value, an empty text, or a word for "not available". */
bool value_is_missing(const struct value *value);

/* Reads value as a number, boolean or date (seconds since 1970, UTC); false when it is none. */
bool value_number(enum field_type type, const struct value *value, double *number);

/* The text of a number as a category has it: "3", "0.25". Returns the length, below size. */
size_t number_text(double number, char *text, size_t size);

#endif
