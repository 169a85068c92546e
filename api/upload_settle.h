/*
 * upload_settle.h - reads the files of an upload and ends it: complete, or failed.
 */
#ifndef TRAINYARD_API_UPLOAD_SETTLE_H
#define TRAINYARD_API_UPLOAD_SETTLE_H

#include "api/call.h"
#include "infra/store/uploads.h"

/*
 * Reads every file of a pending upload in a child process, holding no session meanwhile, and ends
 * the upload: *upload is then what it has become. True when it is complete, also when it was so
 * already; the call's transaction is then open, and the caller commits. ERROR_CONFLICT when a file
 * has not arrived; ERROR_VALIDATION when the files are no table, which the upload then remembers as
 * failed.
 */
MUST_CHECK bool upload_settle(struct call *call, struct upload *upload, struct error *err);

#endif
