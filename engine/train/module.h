/*
 * module.h - the trainer as a shared module, opened at run time.
 *
 * The worker's child opens libtrainyard-engine.so with dlopen() and asks for ENGINE_MODULE_SYMBOL,
 * a const struct engine_module; so neither DuckDB nor LightGBM is mapped by a process that does
 * not train.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_MODULE_H
#define TRAINYARD_ENGINE_TRAIN_MODULE_H

#include "engine/train/build.h"

#define ENGINE_MODULE_FILE "libtrainyard-engine.so"
#define ENGINE_MODULE_SYMBOL "trainyard_engine"

struct batch_spec; /* engine/batch/batch.h */

struct engine_module {
    const char *version; /* of the engine; equal builds are promised within one */
    bool (*build)(const struct build_spec *spec, const struct build_watch *watch,
                  const char *artifact_path, char **report, struct error *err);
    bool (*inspect)(const struct build_file *files, size_t count, size_t memory_bytes, char **json,
                    struct error *err);
    bool (*predict)(const struct batch_spec *spec, const struct build_watch *watch, char **report,
                    struct error *err);
    bool (*preview)(const struct build_file *file, size_t offset, size_t limit, size_t memory_bytes,
                    char **json, struct error *err);
};

#endif
