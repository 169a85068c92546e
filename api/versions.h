/*
 * versions.h - /models/:name/:version: one version of a model. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_VERSIONS_H
#define TRAINYARD_API_VERSIONS_H

#include "api/call.h"

/* GET /models/:name/:version */
bool api_versions_get(struct call *call, struct error *err);
/* GET /models/:name/:version/status */
bool api_versions_status(struct call *call, struct error *err);
/* GET /models/:name/:version/describe */
bool api_versions_describe(struct call *call, struct error *err);

/* GET /models/:name/versions: all of them, the newest first. */
bool api_versions_list(struct call *call, struct error *err);
/* POST /models/:name/versions: builds the next from a dataset. */
bool api_versions_create(struct call *call, struct error *err);
/* POST /models/:name/retrain: builds the next as the newest READY one was built. */
bool api_versions_retrain(struct call *call, struct error *err);

#endif
