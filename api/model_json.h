/*
 * model_json.h - models and versions as the API tells them.
 *
 * Pure functions; any thread. Each returns an object owned by the caller, NULL when memory runs
 * out.
 */
#ifndef TRAINYARD_API_MODEL_JSON_H
#define TRAINYARD_API_MODEL_JSON_H

#include "api/build_submit.h"
#include "infra/store/models.h"
#include "infra/store/versions.h"

#include <jansson.h>

/* As an item of a list. */
json_t *model_item_json(const struct model *model);

/* Whole; predict_url: where predictions are answered. */
json_t *model_json(const struct model *model, const char *predict_url);

/* What PATCH and DELETE answer. */
json_t *model_patched_json(const struct model *model);
json_t *model_deleted_json(const char *name, const struct deleted_model *deleted);

/* How a version stands; message says what it waits for, NULL: nothing to say. */
json_t *version_status_json(const struct version *version, const char *message);

/* What a version can do and how it was made. */
json_t *version_describe_json(const struct version *version);

/* Both, and the rest. */
json_t *version_json(const struct version *version, const char *message, const char *predict_url);

/* All versions of a model, rows of versions_list(). */
json_t *version_list_json(const char *model, const struct pg_rows *rows);

/* The job that makes the next version of a model. */
json_t *version_made_json(const char *model, const struct submitted *made);

#endif
