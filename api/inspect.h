/*
 * inspect.h - reads a client's file in a child process: its columns and how many rows it has.
 *
 * The child is `trainyard-worker inspect --name ORIGINAL PATH`; it limits its own memory, is killed
 * after INSPECT_LIMIT_S and a second more for every INSPECT_MB_PER_S of the file, and answers with
 * one JSON object on stdout. A crash in it is a failed file, nothing more. Every function may be
 * called from any thread.
 */
#ifndef TRAINYARD_API_INSPECT_H
#define TRAINYARD_API_INSPECT_H

#include "infra/base/error.h"

#include <jansson.h>

enum { INSPECT_LIMIT_S = 60, INSPECT_MB_PER_S = 20 };

/*
 * {"format", "rows", "columns": [{"name", "type", "nullable", "unique"}], "first_rows"} of the file
 * at path, whose ending stands in filename; owned by the caller. NULL on failure: ERROR_VALIDATION
 * says what is wrong with the file, ERROR_UNAVAILABLE that it could not be read now.
 */
MUST_CHECK json_t *inspect_file(const char *worker_program, const char *filename, const char *path,
                                struct error *err);

/*
 * The same of the one table in the archive at path, which is unpacked over the file at into,
 * most_mb at most; "member" is its name there.
 */
MUST_CHECK json_t *inspect_archive(const char *worker_program, const char *filename,
                                   const char *path, const char *into, int most_mb,
                                   struct error *err);

/*
 * {"returned_rows", "columns", "data"} of up to limit rows from offset on, see
 * engine/train/preview.h; owned by the caller.
 */
MUST_CHECK json_t *inspect_rows(const char *worker_program, const char *filename, const char *path,
                                int offset, int limit, struct error *err);

/* inspect_file() with a time limit of one's own. */
MUST_CHECK json_t *inspect_file_within(const char *worker_program, const char *filename,
                                       const char *path, int limit_ms, struct error *err);

#endif
