/*
 * uploads.h - /uploads: clients bring their tables. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_UPLOADS_H
#define TRAINYARD_API_UPLOADS_H

#include "api/call.h"

/* POST /uploads, POST /data/upload: JSON, form fields, or multipart with the files themselves. */
bool api_uploads_create(struct call *call, struct error *err);
/* GET /uploads */
bool api_uploads_list(struct call *call, struct error *err);
/* GET /uploads/:upload_id */
bool api_uploads_get(struct call *call, struct error *err);
/* POST /uploads/status: the files are there; they are read and the upload is complete, or failed.
 */
bool api_uploads_confirm(struct call *call, struct error *err);

#endif
