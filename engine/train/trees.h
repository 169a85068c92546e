/*
 * trees.h - trains boosted trees with LightGBM. One thread; one training at a time in a process.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_TREES_H
#define TRAINYARD_ENGINE_TRAIN_TREES_H

#include "engine/train/features.h"
#include "engine/train/split.h"

/* A way of growing trees. */
struct trees_config {
    const char *name;
    double learning_rate;
    int leaves;
    int leaf_rows; /* at least, in a leaf */
    double features_share;
    double rows_share;
    bool extra; /* thresholds drawn at random */
    double l2;
};

/* What all trainings of one build share; borrowed. */
struct trees_data {
    const struct features *features;
    const double *matrix; /* the training rows, then the validation rows */
    const float *labels;
    size_t train;
    size_t validation;
    enum task task;
    size_t classes;
    enum metric metric;
    uint64_t seed;
};

struct trees {
    void *booster;
    void *datasets[2]; /* of training and validation */
    int rounds;        /* the best number of them */
    int tried;         /* rounds trained */
    double loss;       /* on the validation rows, after the best round */
    double mark;       /* the loss that further rounds must clearly undercut */
    int mark_round;
    bool cut; /* the time was up before it was done */
};

/* The candidates, in the order they are tried. */
extern const struct trees_config TREES_CONFIGS[];
extern const size_t TREES_CONFIGS_COUNT;

/*
 * Trains until the validation loss has not fallen for a while, at most rounds_max rounds. With
 * all true it takes the validation rows too and trains exactly rounds_max. Progress goes from
 * percent on by span. Free with trees_clear(). ERROR_CANCELLED, ERROR_NO_MEMORY, ERROR_INTERNAL.
 */
MUST_CHECK bool trees_train(struct trees *trees, const struct trees_data *data,
                            const struct trees_config *config, bool all, int rounds_max,
                            struct watch *watch, int percent, int span, struct error *err);

void trees_clear(struct trees *trees);

/* LightGBM's model text of the best rounds; the caller frees it. NULL on failure. */
MUST_CHECK char *trees_text(const struct trees *trees, struct error *err);

/* How much each feature lowered the loss, by feature; features_count numbers. */
MUST_CHECK bool trees_importance(const struct trees *trees, double *gains, struct error *err);

#endif
