/*
 * columns.h - chooses the columns that a model looks at. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_COLUMNS_H
#define TRAINYARD_ENGINE_TRAIN_COLUMNS_H

#include "engine/train/plan.h"

/*
 * Fills inputs and excluded of a plan whose target and task are known: the columns of the input
 * schema, or all; identifiers, constants, texts and duplicates are left out, unless the input
 * schema names them (constants and duplicates always). ERROR_VALIDATION: a column of the schema
 * is not there, or nothing is left.
 */
MUST_CHECK bool columns_choose(struct plan *plan, const struct build_spec *spec, struct error *err);

#endif
