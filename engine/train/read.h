/*
 * read.h - fills a table from files through DuckDB. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_READ_H
#define TRAINYARD_ENGINE_TRAIN_READ_H

#include "engine/train/source.h"
#include "engine/train/table.h"
#include "engine/train/text.h"

/*
 * Appends the rows of all files, which must have the same columns, to a table that is zeroed but
 * for rows_most. Missing and unique are not counted yet. On failure the table may be half filled:
 * clear it.
 */
MUST_CHECK bool read_files(struct table *table, const struct build_file *files, size_t count,
                           size_t memory_bytes, struct watch *watch, struct error *err);

/* Adds to an SQL statement what reads a source; texts: the cells of a CSV as they stand there. */
void read_add_source(struct text *sql, const struct source *source, bool texts);

#endif
