/*
 * error_body.h - an error as the API tells it, in one form that clients of every age can read.
 *
 * Pure; any thread.
 */
#ifndef TRAINYARD_API_ERROR_BODY_H
#define TRAINYARD_API_ERROR_BODY_H

#include "infra/base/buffer.h"

#include <jansson.h>

/*
 * Adds {"error": {code, message, status, details?}, request_id, detail, message}. details may be
 * NULL. The code is one of those that the API documents.
 */
void error_body_add(struct buffer *buffer, const struct error *err, const char *request_id,
                    const json_t *details);

#endif
