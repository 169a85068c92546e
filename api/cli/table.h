/*
 * table.h - JSON from the API as tables and records for people.
 *
 * Control characters in what the API tells never reach the terminal.
 */
#ifndef TRAINYARD_API_CLI_TABLE_H
#define TRAINYARD_API_CLI_TABLE_H

#include "infra/base/buffer.h"

#include <jansson.h>

enum cell { CELL_TEXT, CELL_BYTES, CELL_TIME, CELL_PERCENT, CELL_WHOLE };

struct column {
    const char *title;
    const char *path; /* names between dots; a number is a place in an array */
    enum cell form;   /* CELL_WHOLE: a text that is never shortened */
};

/* What path leads to; NULL: nothing. Borrowed. */
const json_t *table_find(const json_t *json, const char *path);

/* A row for each object of rows, under titles; columns end with one without a title. */
void table_add(struct buffer *text, const struct column *columns, const json_t *rows);

/* A line for each column that the object has. */
void table_add_record(struct buffer *text, const struct column *columns, const json_t *object);

/* One value in words. */
void table_add_cell(struct buffer *text, const json_t *value, enum cell form);

#endif
