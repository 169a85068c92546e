/*
 * search.h - tries ways of growing trees and keeps the best. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_SEARCH_H
#define TRAINYARD_ENGINE_TRAIN_SEARCH_H

#include "engine/train/trees.h"

struct search {
    struct trees best; /* trained again on training and validation rows, unless time was up */
    const struct trees_config *config;
    double loss; /* of the best candidate on the validation rows */
    size_t candidates;
    bool refit;
    bool cut; /* the clock ended the search: an equal build may differ */
};

/*
 * Tries at most candidates_max candidates (0: all) in their order. When the time is up, the best
 * so far is taken as it is. Free with search_clear(). Errors as of trees_train().
 */
MUST_CHECK bool search_run(struct search *search, const struct trees_data *data, int candidates_max,
                           struct watch *watch, struct error *err);

void search_clear(struct search *search);

#endif
