/*
 * jobs.h - /jobs: what is being done for the account. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_JOBS_H
#define TRAINYARD_API_JOBS_H

#include "api/call.h"

/* GET /jobs */
bool api_jobs_list(struct call *call, struct error *err);
/* GET /jobs/:job_id */
bool api_jobs_get(struct call *call, struct error *err);
/* POST /jobs/:job_id/cancel */
bool api_jobs_cancel(struct call *call, struct error *err);

#endif
