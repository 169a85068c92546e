/* module.c - the one symbol of libtrainyard-engine.so: see engine/train/module.h. */
#include "engine/train/module.h"

#include "engine/batch/batch.h"
#include "engine/train/inspect.h"
#include "engine/train/preview.h"
#include "engine/train/version.h"

extern const struct engine_module trainyard_engine;

__attribute__((visibility("default"))) const struct engine_module trainyard_engine = {
    .version = ENGINE_VERSION,
    .build = build_model,
    .inspect = inspect_table,
    .predict = batch_predict,
    .preview = preview_rows,
};
