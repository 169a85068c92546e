/*
 * preview.h - the first rows of a client's file. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_PREVIEW_H
#define TRAINYARD_API_PREVIEW_H

#include "api/call.h"

/* GET /uploads/:upload_id/files/:filename/preview; the file is opened by a child, see inspect.h. */
bool api_preview_get(struct call *call, struct error *err);

#endif
