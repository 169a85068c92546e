/*
 * preview.h - some rows of a file, as they stand there.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_PREVIEW_H
#define TRAINYARD_ENGINE_TRAIN_PREVIEW_H

#include "engine/train/build.h"

enum { PREVIEW_ROWS_MOST = 100 };

/*
 * Gives limit rows (at most PREVIEW_ROWS_MOST) from row offset on as JSON text, which the caller
 * frees, within about memory_bytes (0: 1 GB) however long the file is. Of JSON files
 * {"returned_rows", "data": [objects as they are]}; of all others {"returned_rows",
 * "columns": [names], "data": [["cells as texts, empty if missing"]]}. Errors as of build_model().
 */
MUST_CHECK bool preview_rows(const struct build_file *file, size_t offset, size_t limit,
                             size_t memory_bytes, char **json, struct error *err);

#endif
