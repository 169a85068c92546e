/*
 * source.h - looks at a table file before any reader does, so that every flaw has a clear message.
 *
 * Tells the format from name and content. A CSV is walked through once: separator, encoding,
 * columns and the width of every row. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_SOURCE_H
#define TRAINYARD_ENGINE_TRAIN_SOURCE_H

#include "engine/train/build.h"
#include "engine/train/dictionary.h"

enum { COLUMNS_MAX = 2000 };

enum source_format { SOURCE_CSV, SOURCE_TSV, SOURCE_JSON, SOURCE_NDJSON, SOURCE_PARQUET };

struct source {
    const char *path; /* borrowed */
    const char *name; /* borrowed; for messages, never NULL */
    enum source_format format;
    size_t size_bytes;
    bool gzip;
    /* of a CSV that is not compressed: */
    bool scanned;
    char separator;
    bool latin1;             /* not UTF-8 */
    size_t skip_lines;       /* blank ones before the header */
    struct dictionary names; /* the header, in order */
    size_t rows;
};

/* Looks at a file. ERROR_VALIDATION says what is wrong with it and where. */
MUST_CHECK bool source_open(const struct build_file *file, struct source *source,
                            struct error *err);

/* The same, but of a long CSV only the beginning is walked through: rows is then too small. */
MUST_CHECK bool source_peek(const struct build_file *file, struct source *source,
                            struct error *err);

/* Frees what source_open made. */
void source_clear(struct source *source);

/* csv, tsv, json, ndjson, parquet. */
const char *source_format_name(enum source_format format);

#endif
