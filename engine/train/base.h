/*
 * base.h - what a retrain keeps to: the columns and the target of the version it goes on from.
 *
 * New data must have them, in types that can be read the same way; columns beside them are passed
 * over. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_BASE_H
#define TRAINYARD_ENGINE_TRAIN_BASE_H

#include "engine/train/plan.h"
#include "engine/train/text.h"

/*
 * Compares a table with the base of the spec; nothing happens without one. Says in the log what is
 * wished for, and warns of what is passed over or read otherwise. ERROR_VALIDATION names the
 * columns that are missing or whose type has changed, and how to mend it.
 */
MUST_CHECK bool base_check(const struct build_spec *spec, const struct table *table,
                           struct watch *watch, struct error *err);

/*
 * Compares a plan's task with the base's: labels must not become quantities, nor the other way
 * round. ERROR_VALIDATION.
 */
MUST_CHECK bool base_check_task(struct plan *plan, const struct build_spec *spec,
                                struct error *err);

/* Writes what the retrain kept to and passed over, as the field "retrain" of the report. */
void base_report(const struct build_spec *spec, const struct table *table, struct text *json);

#endif
