/*
 * write.h - puts an artifact together and writes it to a file. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_WRITE_H
#define TRAINYARD_ENGINE_TRAIN_WRITE_H

#include "engine/train/features.h"
#include "engine/train/flatten.h"

/*
 * Writes the artifact to path: a temporary file beside it, flushed, then renamed. Adds names to
 * the strings of features. ERROR_UNAVAILABLE when the file cannot be written, ERROR_NO_MEMORY.
 */
MUST_CHECK bool artifact_write(const struct plan *plan, struct features *features,
                               const struct flat *flat, const char *report, const char *path,
                               struct error *err);

#endif
