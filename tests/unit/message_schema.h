/*
 * message_schema.h - looks whether JSON is as a file of schemas/messages says: as much of JSON
 * Schema 2020-12 as those files use. What they use beyond that is a mistake that it reports.
 */
#ifndef TRAINYARD_TESTS_UNIT_MESSAGE_SCHEMA_H
#define TRAINYARD_TESTS_UNIT_MESSAGE_SCHEMA_H

#include "infra/base/error.h"

#include <jansson.h>

/* A schema by its name, such as "build_job". Fails the test when it cannot be read. */
json_t *message_schema_read(const char *name);

/* The schema of one of its parts, NULL if there is none. Borrowed. */
json_t *message_schema_part(json_t *root, const char *name);

/* Whether value is as schema says, which is root or within it; err (ERROR_VALIDATION) names what
 * is not. */
MUST_CHECK bool message_schema_fits(json_t *root, json_t *schema, json_t *value, struct error *err);

#endif
