/*
 * batch.h - predictions of many rows at once, and the results of such batches. Handlers; see
 * call.h.
 */
#ifndef TRAINYARD_API_BATCH_H
#define TRAINYARD_API_BATCH_H

#include "api/call.h"

/*
 * POST /models/:name/:version/predictions. An array of rows is answered by the array of their
 * predictions, when the job has ended within TRAINYARD_BATCH_WAIT_S and the client does not
 * prefer otherwise (Prefer: respond-async); an upload, or a batch that takes longer, by the job.
 */
bool api_batch_predict(struct call *call, struct error *err);

/* GET /jobs/:job_id/results: the file of a batch that is done. */
bool api_batch_results(struct call *call, struct error *err);

#endif
