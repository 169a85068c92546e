/*
 * artifact.h - proves that a block of memory is a sound artifact and gives its sections.
 *
 * Pure functions of the block; any thread.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_ARTIFACT_H
#define TRAINYARD_ENGINE_PREDICT_ARTIFACT_H

#include "engine/predict/encode.h"
#include "engine/predict/forest.h"
#include "engine/predict/format.h"
#include "infra/base/error.h"

/* A look into the block that was checked; owns nothing. */
struct artifact {
    const struct model_record *model;
    const char *strings;
    size_t strings_size;
    const uint32_t *names; /* names_slots is a power of two */
    size_t names_slots;
    const struct text_ref *classes;
    size_t classes_count;
    const struct answer_record *answers;
    size_t answers_count;
    const char *report;
    struct encoder encoder;
    struct forest forest;
    size_t categories_count;
    size_t nodes_count;
    size_t bitsets_count;
};

/*
 * Checks size bytes at data (aligned to 8) and fills *artifact, which points into them.
 * ERROR_INTERNAL says what is wrong; ERROR_NO_MEMORY.
 */
MUST_CHECK bool artifact_check(const void *data, size_t size, struct artifact *artifact,
                               struct error *err);

/* The text of a reference. */
const char *artifact_text(const struct artifact *artifact, struct text_ref ref);

#endif
