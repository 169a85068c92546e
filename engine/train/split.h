/*
 * split.h - parts the rows: to train, to choose by (validation), and sealed ones to measure by.
 *
 * By the hash of seed and row, within each class, so that it is the same every time. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_SPLIT_H
#define TRAINYARD_ENGINE_TRAIN_SPLIT_H

#include "engine/train/plan.h"

/* One block of row numbers: training, validation, test, one after another. */
struct split {
    uint32_t *rows;
    size_t train;
    size_t validation;
    size_t test;
};

/* Parts the rows of the plan that have a target. Free with split_clear(). ERROR_NO_MEMORY. */
MUST_CHECK bool split_make(struct split *split, const struct plan *plan, uint64_t seed,
                           struct error *err);

void split_clear(struct split *split);

#endif
