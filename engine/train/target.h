/*
 * target.h - finds the column that a wish is about. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_TARGET_H
#define TRAINYARD_ENGINE_TRAIN_TARGET_H

#include "engine/train/plan.h"

/*
 * Fills plan->target and target_reason; adds a warning when it had to guess. In this order: the
 * target that is named, a field of the output schema, the words of the intent, the one column
 * that the input schema leaves out, a usual name (target, label), the last column if the intent
 * says nothing. ERROR_VALIDATION names likely columns and how to choose.
 */
MUST_CHECK bool target_find(struct plan *plan, const struct build_spec *spec, struct error *err);

/* Whether every row has its own value, as an identifier has; why says which kind. */
bool column_is_identifier(const struct table *table, size_t column, const char **why);

#endif
