/*
 * deployments.h - deployments of models: made by a job, listed, taken away. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_DEPLOYMENTS_H
#define TRAINYARD_API_DEPLOYMENTS_H

#include "api/call.h"

/* POST /models/:name/deploy */
bool api_deployments_create(struct call *call, struct error *err);
/* GET /models/:name/deployments */
bool api_deployments_list(struct call *call, struct error *err);
/* DELETE /models/:name/deployments/:deployment_id: name may be the model's id too */
bool api_deployments_delete(struct call *call, struct error *err);
/* GET /deployments/:deployment_id */
bool api_deployments_get(struct call *call, struct error *err);

#endif
