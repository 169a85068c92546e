/*
 * table.h - a table in memory, by columns.
 *
 * Read with DuckDB from one file or from several with the same columns. Texts are numbered by a
 * dictionary; everything else is a double. A table is not changed after table_read(). One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_TABLE_H
#define TRAINYARD_ENGINE_TRAIN_TABLE_H

#include "engine/predict/predictor.h"
#include "engine/train/dictionary.h"
#include "engine/train/watch.h"

#define TEXT_MISSING UINT32_MAX

struct column {
    char *name;
    enum field_type type;
    double *numbers; /* NaN is missing; booleans 0 and 1, dates seconds; NULL for FIELD_STRING */
    uint32_t *texts; /* numbers in levels, or TEXT_MISSING; NULL for the other types */
    struct dictionary levels;
    size_t missing;
    size_t unique; /* different values that are not missing */
};

struct table {
    struct column *columns;
    size_t columns_count;
    size_t rows;
    size_t
        rows_most; /* not 0: enough are these first ones, or what a quarter of the memory holds */
    size_t rows_in_files;
    size_t size_bytes;  /* of the files */
    const char *format; /* of the first file */
    size_t capacity;    /* rows there is room for */
};

/* Reads files within about memory_bytes. Errors as of build_model(). Free with table_clear(). */
MUST_CHECK bool table_read(struct table *table, const struct build_file *files, size_t count,
                           size_t memory_bytes, struct watch *watch, struct error *err);

/* The same of the first rows alone, about rows_most of them. */
MUST_CHECK bool table_read_first(struct table *table, const struct build_file *files, size_t count,
                                 size_t rows_most, size_t memory_bytes, struct watch *watch,
                                 struct error *err);

/* Frees what table_read made. */
void table_clear(struct table *table);

/* The index of the column of exactly this name; columns_count when there is none. */
size_t table_find(const struct table *table, const char *name);

/* A cell, as the predictor takes it; its text is still owned by the table. */
struct value table_value(const struct column *column, size_t row);

/* Whether a cell is missing. */
bool table_missing(const struct column *column, size_t row);

/* A cell for people: numbers as short as they go, dates in ISO form. Returns false if missing. */
bool table_text(const struct column *column, size_t row, char *text, size_t size);

/* float, integer, boolean, string, date. */
const char *field_type_name(enum field_type type);

#endif
