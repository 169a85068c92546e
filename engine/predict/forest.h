/*
 * forest.h - walks decision trees; raw scores are bit-equal to LightGBM's.
 *
 * Four trees are walked at once, without branches, since a step waits for the step before it but
 * not for those of other trees. Leaves are summed in the order of the trees. Any thread.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_FOREST_H
#define TRAINYARD_ENGINE_PREDICT_FOREST_H

#include "engine/predict/format.h"
#include "engine/predict/predictor.h"

/* Borrowed tables: of a mapped artifact, or those that the trainer made. */
struct forest {
    const struct tree_record *trees;
    size_t trees_count;
    const struct node *nodes;
    const uint32_t *bitsets;
    size_t scores; /* trees a round */
};

/* Sums the trees for the features x (count, at most FEATURES_MAX) into scores numbers at out. */
void forest_run(const struct forest *forest, const double *x, size_t count, double *out);

/*
 * Turns raw scores into what a prediction is, in place: the probabilities of both classes (out
 * has room for two), of all classes, or the number as it is.
 */
void forest_link(enum task task, size_t scores, double *out);

#endif
