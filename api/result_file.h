/*
 * result_file.h - answers with the result of a batch, read from the blob store as it is sent.
 */
#ifndef TRAINYARD_API_RESULT_FILE_H
#define TRAINYARD_API_RESULT_FILE_H

#include "api/call.h"

/* Replies with a blob as it is. ERROR_NOT_FOUND when it is gone. Main port only. */
MUST_CHECK bool result_file_reply(struct call *call, const char *digest, const char *content_type,
                                  struct error *err);

/* Replies with the lines of a blob, each a JSON value, as one JSON array. */
MUST_CHECK bool result_file_reply_array(struct call *call, const char *digest, struct error *err);

#endif
