/*
 * inspect.h - reads a client's file in a child process: its columns and how many rows it has.
 *
 * The child is `trainyard-worker inspect --name ORIGINAL PATH`; it limits its own memory, is killed
 * after INSPECT_LIMIT_S, and answers with one JSON object on stdout. A crash in it is a failed
 * file, nothing more. Every function may be called from any thread.
 */
#ifndef TRAINYARD_API_INSPECT_H
#define TRAINYARD_API_INSPECT_H

#include "infra/base/error.h"

#include <jansson.h>

enum { INSPECT_LIMIT_S = 60 };

/*
 * {"format", "rows", "columns": [{"name", "type", "nullable", "unique"}], "first_rows"} of the file
 * at path, whose ending stands in filename; owned by the caller. NULL on failure: ERROR_VALIDATION
 * says what is wrong with the file, ERROR_UNAVAILABLE that it could not be read now.
 */
MUST_CHECK json_t *inspect_file(const char *worker_program, const char *filename, const char *path,
                                struct error *err);

/* The same with a time limit of one's own. */
MUST_CHECK json_t *inspect_file_within(const char *worker_program, const char *filename,
                                       const char *path, int limit_ms, struct error *err);

#endif
