/*
 * inspect.h - what is in a table, for people and for the upload page.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_INSPECT_H
#define TRAINYARD_ENGINE_TRAIN_INSPECT_H

#include "engine/train/build.h"

/*
 * Reads the files as one table within about memory_bytes (0: 1 GB) and gives JSON text, which the
 * caller frees: {"format", "rows", "size_bytes", "columns": [{"name", "type", "nullable",
 * "unique"}], "first_rows": [["cells as texts, null if missing"]]}, ten rows at most. What
 * is said of the columns is said of some 500,000 rows of a longer table. Errors as of
 * build_model().
 */
MUST_CHECK bool inspect_table(const struct build_file *files, size_t count, size_t memory_bytes,
                              char **json, struct error *err);

#endif
