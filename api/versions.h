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

#endif
