/*
 * logs.h - build logs, as pages and as streams. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_LOGS_H
#define TRAINYARD_API_LOGS_H

#include "api/call.h"

/* GET /models/build-logs; with Accept: text/event-stream or follow=true a stream of one job. */
bool api_logs_list(struct call *call, struct error *err);
/* GET /jobs/:job_id/logs: the same of one job. */
bool api_logs_of_job(struct call *call, struct error *err);

#endif
