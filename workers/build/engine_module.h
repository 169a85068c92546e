/*
 * engine_module.h - opens the engine's shared module.
 */
#ifndef TRAINYARD_WORKERS_BUILD_ENGINE_MODULE_H
#define TRAINYARD_WORKERS_BUILD_ENGINE_MODULE_H

#include "engine/train/module.h"
#include "infra/base/error.h"

/* Opens libtrainyard-engine.so beside the program; stays open. NULL on failure (ERROR_INTERNAL). */
MUST_CHECK const struct engine_module *engine_module_open(struct error *err);

/* The same of any module of ours: file is its name, symbol the one it has. */
MUST_CHECK const void *module_open(const char *file, const char *symbol, struct error *err);

#endif
