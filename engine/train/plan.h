/*
 * plan.h - what is to be predicted, from what, as which task, and why.
 *
 * Follows by rules from the wish (output schema, target, intent) and the table; every decision is
 * a line of the build log, and every doubt a warning. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_PLAN_H
#define TRAINYARD_ENGINE_TRAIN_PLAN_H

#include "engine/train/metrics.h"
#include "engine/train/table.h"

enum { REASON_SIZE = 200, CLASSES_MAX = 200, ROWS_LEAST = 20 };

/* A column that is looked at, in the order of the input schema. */
struct plan_input {
    size_t column;
    enum field_type type; /* as the client declared it, else the column's */
    bool used;            /* false: accepted in predictions, but no feature is made of it */
};

struct plan_note {
    char column[64]; /* empty for a warning about no single one */
    char reason[REASON_SIZE];
};

struct plan_notes {
    struct plan_note *notes;
    size_t count;
};

struct plan_answer {
    char *name;
    enum answer_kind kind;
    enum field_type type;
};

struct plan {
    const struct table *table; /* borrowed */
    size_t target;
    char target_reason[REASON_SIZE];
    enum task task;
    enum metric metric;
    char (*classes)[64]; /* sorted: numbers by size, texts by bytes */
    size_t classes_count;
    size_t positive;
    double *truth; /* by row: class number or value; NaN for rows that are left out */
    size_t known;  /* rows that are not */
    struct plan_input *inputs;
    size_t inputs_count;
    struct plan_answer *answers;
    size_t answers_count;
    struct plan_notes warnings;
    struct plan_notes excluded;
};

/* Makes the plan. ERROR_VALIDATION says how to mend the wish. Free with plan_clear(). */
MUST_CHECK bool plan_make(struct plan *plan, const struct build_spec *spec,
                          const struct table *table, struct watch *watch, struct error *err);

/* Frees what plan_make made. */
void plan_clear(struct plan *plan);

/* Adds a note; a text that is too long is cut. */
MUST_CHECK bool plan_note(struct plan_notes *notes, struct error *err, const char *column,
                          const char *format, ...) PRINTF_LIKE(4, 5);

/* Reads a type of a schema; false when it is no type. NULL and "any" give otherwise. */
bool field_type_find(const char *name, enum field_type otherwise, enum field_type *type);

#endif
