/*
 * task.h - what kind of question the target poses, its classes, and the metric. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_TASK_H
#define TRAINYARD_ENGINE_TRAIN_TASK_H

#include "engine/train/plan.h"

/*
 * Fills task, metric, classes, positive, truth and known of a plan whose target is found; rows
 * without a target are left out with a warning. ERROR_VALIDATION when nothing can be learned.
 */
MUST_CHECK bool task_find(struct plan *plan, const struct build_spec *spec, struct error *err);

#endif
