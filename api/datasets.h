/*
 * datasets.h - uploads as datasets: their versions, and their end. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_DATASETS_H
#define TRAINYARD_API_DATASETS_H

#include "api/call.h"

/* GET /uploads/datasets/:dataset_name/versions */
bool api_datasets_versions(struct call *call, struct error *err);
/* DELETE /uploads/:upload_id: 409 while a model version or a job needs it. */
bool api_datasets_delete(struct call *call, struct error *err);

#endif
