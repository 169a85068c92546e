/*
 * predictions.h - predictions of single rows. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_PREDICTIONS_H
#define TRAINYARD_API_PREDICTIONS_H

#include "api/call.h"

/* POST /models/:name/:version/infer */
bool api_predictions_infer(struct call *call, struct error *err);
/* POST /predict/:deployment_id */
bool api_predictions_deployment(struct call *call, struct error *err);

#endif
