/*
 * report.h - the report of a build as JSON: what was learned, how good it is. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_REPORT_H
#define TRAINYARD_ENGINE_TRAIN_REPORT_H

#include "engine/train/metrics.h"
#include "engine/train/plan.h"
#include "engine/train/search.h"

/* All borrowed. */
struct report {
    const struct build_spec *spec;
    const struct plan *plan;
    const struct split *split;
    const struct features *features;
    const struct search *search;
    const struct metrics *metrics;
    const struct metrics *baseline;
    const double *importance; /* by input of the plan; sums to 1 */
    const size_t *order;      /* inputs, the most important first */
    int rounds;
};

/* Writes the report, the same text for equal builds. */
MUST_CHECK bool report_write(const struct report *report, struct text *json, struct error *err);

#endif
