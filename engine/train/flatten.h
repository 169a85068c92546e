/*
 * flatten.h - turns LightGBM's model text into the flat trees of an artifact. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_FLATTEN_H
#define TRAINYARD_ENGINE_TRAIN_FLATTEN_H

#include "engine/predict/forest.h"
#include "engine/predict/format.h"
#include "infra/base/error.h"

struct flat {
    struct tree_record *trees;
    size_t trees_count;
    struct node *nodes;
    size_t nodes_count;
    uint32_t *bitsets;
    size_t bitsets_count;
};

/*
 * Reads every tree of a model text (version 4). ERROR_INTERNAL for a text that is not one, or has
 * linear trees; ERROR_NO_MEMORY. Free with flat_clear().
 */
MUST_CHECK bool flatten_model(const char *text, struct flat *flat, struct error *err);

void flat_clear(struct flat *flat);

/* How to walk them, scores trees a round; borrowed. */
struct forest flat_forest(const struct flat *flat, size_t scores);

#endif
