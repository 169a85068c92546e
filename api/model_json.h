/*
 * model_json.h - models and versions as the API tells them.
 *
 * Pure functions; any thread. Each returns an object owned by the caller, NULL when memory runs
 * out.
 */
#ifndef TRAINYARD_API_MODEL_JSON_H
#define TRAINYARD_API_MODEL_JSON_H

#include "infra/store/models.h"
#include "infra/store/versions.h"

#include <jansson.h>

/* As an item of a list. */
json_t *model_item_json(const struct model *model);

/* Whole; predict_url: where predictions are answered. */
json_t *model_json(const struct model *model, const char *predict_url);

/* How a version stands; message says what it waits for, NULL: nothing to say. */
json_t *version_status_json(const struct version *version, const char *message);

/* What a version can do and how it was made. */
json_t *version_describe_json(const struct version *version);

/* Both, and the rest. */
json_t *version_json(const struct version *version, const char *message, const char *predict_url);

#endif
