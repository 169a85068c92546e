/*
 * models.h - /models: what was asked for, and how it stands. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_MODELS_H
#define TRAINYARD_API_MODELS_H

#include "api/call.h"

/* GET /models */
bool api_models_list(struct call *call, struct error *err);
/* GET /models/:name */
bool api_models_get(struct call *call, struct error *err);
/* POST /models/:name: a model, its first version, and the job that builds it. */
bool api_models_create(struct call *call, struct error *err);
/* PATCH /models/:name: its name for people, description, tags. */
bool api_models_update(struct call *call, struct error *err);
/* DELETE /models/:name: with its versions, deployments and jobs. */
bool api_models_delete(struct call *call, struct error *err);
/* POST /models, POST /models/build: the same, its name in the body (model_name, or made of name) */
bool api_models_create_named(struct call *call, struct error *err);

#endif
