/*
 * features.h - learns from training rows how values become features. One thread.
 *
 * Numbers stay as they are, and a missing one stays missing if training rows miss it too, else it
 * becomes their median. The most frequent texts of a column get codes, missing is a code of its
 * own; the others, and those never seen, are one. Where there are many, how often a text occurs is
 * a feature too. Dates become their parts.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_FEATURES_H
#define TRAINYARD_ENGINE_TRAIN_FEATURES_H

#include "engine/predict/encode.h"
#include "engine/train/plan.h"
#include "engine/train/text.h"

struct features {
    struct field_record *fields; /* one for each input of the plan */
    size_t fields_count;
    struct feature_record *features;
    size_t features_count;
    struct category_record *categories;
    size_t categories_count;
    struct text strings;
};

/* Learns from count rows. Adds warnings to the plan. Free with features_clear(). */
MUST_CHECK bool features_fit(struct features *features, struct plan *plan, const uint32_t *rows,
                             size_t count, struct error *err);

/* Frees what features_fit made. */
void features_clear(struct features *features);

/* How to encode with them; borrowed, until features_clear(). */
struct encoder features_encoder(const struct features *features);

/* A matrix of count rows, row after row; the caller frees it. NULL on failure. */
MUST_CHECK double *features_encode(const struct features *features, const struct plan *plan,
                                   const uint32_t *rows, size_t count, struct error *err);

/* Copies a text among the strings. */
MUST_CHECK bool features_text(struct features *features, const char *text, struct text_ref *ref,
                              struct error *err);

#endif
