/*
 * message.h - what the messages of our topics have in common.
 */
#ifndef TRAINYARD_SCHEMAS_MESSAGE_H
#define TRAINYARD_SCHEMAS_MESSAGE_H

#include "schemas/fields.h"

enum { MESSAGE_BYTES_MOST = 65536, MESSAGE_NAME_BYTES = 256 };

/* Parses a job message, owned by the caller; NULL: ERROR_VALIDATION, also when it is too long. */
MUST_CHECK json_t *message_parse(const char *text, size_t length, struct error *err);

/* Reads the number of the schema; a problem when it is newer than this program knows. */
void message_read_schema(struct fields *fields, int newest);

/* Reads a sha256 digest; NULL when it is absent or none. */
const char *message_read_digest(struct fields *fields, const char *name, enum presence presence);

#endif
