/*
 * health.h - how the service is. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_HEALTH_H
#define TRAINYARD_API_HEALTH_H

#include "api/call.h"

/* GET /healthz, GET /health: the process answers. */
bool api_health_live(struct call *call, struct error *err);
/* GET /readyz: the database can be reached and the ports are open. */
bool api_health_ready(struct call *call, struct error *err);
/* GET /metrics: in the text form of Prometheus. */
bool api_health_metrics(struct call *call, struct error *err);

#endif
