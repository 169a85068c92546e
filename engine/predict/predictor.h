/*
 * predictor.h - opens an artifact and answers predictions from it.
 *
 * The file is mapped and checked completely on open (checksum, bounds of every reference), so
 * that a damaged one is a clean error and running can never fail. A predictor never changes after
 * predictor_open(): every function but predictor_free() may be called from any number of threads
 * at once, takes no lock and allocates nothing.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_PREDICTOR_H
#define TRAINYARD_ENGINE_PREDICT_PREDICTOR_H

#include <stddef.h>

#include "infra/base/error.h"

enum value_kind { VALUE_MISSING, VALUE_NUMBER, VALUE_TEXT };

/* One cell. text needs no NUL at its end; booleans are the numbers 0 and 1 or their words. */
struct value {
    enum value_kind kind;
    double number;
    const char *text;
    size_t length;
};

enum field_type { FIELD_FLOAT, FIELD_INTEGER, FIELD_BOOLEAN, FIELD_STRING, FIELD_DATE };

/* What a value of a type is, for messages: "a number". */
const char *field_type_wanted(enum field_type type);

struct field {
    const char *name;
    enum field_type type;
    bool required; /* never missing in training */
};

enum task { TASK_BINARY, TASK_MULTICLASS, TASK_REGRESSION };

/* What a field of an answer holds. */
enum answer_kind {
    ANSWER_LABEL,      /* the most likely class */
    ANSWER_NUMBER,     /* out[0] of a regression */
    ANSWER_PROBABILITY /* of class_index: out[class_index] */
};

struct answer {
    const char *name;
    enum answer_kind kind;
    enum field_type type; /* how it is written: a number of type FIELD_INTEGER is rounded */
    size_t class_index;   /* of ANSWER_PROBABILITY */
};

struct predictor;

/*
 * Maps the artifact at path. NULL on failure: ERROR_NOT_FOUND (no such file), ERROR_INTERNAL (not
 * an artifact, damaged, or of another version), ERROR_NO_MEMORY. Free with predictor_free().
 */
MUST_CHECK struct predictor *predictor_open(const char *path, struct error *err);

/* Unmaps; what the other functions returned is gone too. NULL is allowed. */
void predictor_free(struct predictor *predictor);

/* The input fields, in the order of the input schema; a row has one value for each. */
const struct field *predictor_fields(const struct predictor *predictor, size_t *count);

/* Looks a field up by its exact name (length bytes); false when there is none. */
bool predictor_field_find(const struct predictor *predictor, const char *name, size_t length,
                          size_t *index);

enum task predictor_task(const struct predictor *predictor);

/* The column that is predicted, and its type in the training table. */
const char *predictor_target(const struct predictor *predictor);
enum field_type predictor_target_type(const struct predictor *predictor);

/* How many numbers predictor_run() writes: one for each class, or 1 for a regression. */
size_t predictor_outputs(const struct predictor *predictor);

/*
 * The classes as texts; those of a target that is not FIELD_STRING are to be written as what they
 * are ("0" as 0, "true" as true). None for a regression.
 */
const char *const *predictor_classes(const struct predictor *predictor, size_t *count);

/* The index of the class that a binary task looks for; 0 otherwise. */
size_t predictor_positive_class(const struct predictor *predictor);

/* The fields of an answer: those of the output schema, else one named as the target. */
const struct answer *predictor_answers(const struct predictor *predictor, size_t *count);

/* The size of the mapped file. */
size_t predictor_size_bytes(const struct predictor *predictor);

/* The report of the build, as JSON text. */
const char *predictor_report(const struct predictor *predictor);

/*
 * Whether the model has seen this value: false only for a value that is given, of a field that is
 * used as a category, and that no training row had. Such a value counts as a rare one.
 */
bool predictor_category_known(const struct predictor *predictor, size_t field,
                              const struct value *value);

/* Whether value can be read as the field's type; false only when it is given and cannot. */
bool predictor_value_fits(const struct predictor *predictor, size_t field,
                          const struct value *value);

/*
 * Predicts one row, which has a value for each field. Writes predictor_outputs() numbers: the
 * probabilities by class, which sum to 1, or the number. A text of a numeric field that is no
 * number counts as missing; a number of a category is looked up by its text.
 */
void predictor_run(const struct predictor *predictor, const struct value *row, double *out);

/* As predictor_run(), but before the link function: LightGBM's raw scores (one if binary). */
void predictor_run_raw(const struct predictor *predictor, const struct value *row, double *out);

#endif
