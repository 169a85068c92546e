/* inspect.c - see inspect.h. */
#include "engine/train/inspect.h"

#include <stdlib.h>

#include "engine/train/table.h"
#include "engine/train/text.h"

enum { FIRST_ROWS = 10, CELL_SIZE = 256, ROWS_LOOKED_AT = 500000 };

static void write_columns(const struct table *table, struct text *json)
{
    json_open(json, "columns", '[');
    for (size_t i = 0; i < table->columns_count; i++) {
        const struct column *column = &table->columns[i];

        json_open(json, NULL, '{');
        json_text(json, "name", column->name);
        json_text(json, "type", field_type_name(column->type));
        json_bool(json, "nullable", column->missing > 0);
        json_count(json, "missing", column->missing);
        json_count(json, "unique", column->unique);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_rows(const struct table *table, struct text *json)
{
    char cell[CELL_SIZE];

    json_open(json, "first_rows", '[');
    for (size_t i = 0; i < table->rows && i < FIRST_ROWS; i++) {
        json_open(json, NULL, '[');
        for (size_t j = 0; j < table->columns_count; j++)
            json_text(json, NULL,
                      table_text(&table->columns[j], i, cell, sizeof cell) ? cell : NULL);
        json_close(json, ']');
    }
    json_close(json, ']');
}

bool inspect_table(const struct build_file *files, size_t count, size_t memory_bytes, char **json,
                   struct error *err)
{
    struct watch watch;
    struct table table = {0};
    struct text text = {0};

    *json = NULL;
    watch_init(&watch, NULL, 0);
    if (!table_read_first(&table, files, count, ROWS_LOOKED_AT, memory_bytes, &watch, err))
        return false;
    json_open(&text, NULL, '{');
    json_text(&text, "format", table.format);
    json_count(&text, "rows", table.rows_in_files);
    json_count(&text, "size_bytes", table.size_bytes);
    write_columns(&table, &text);
    write_rows(&table, &text);
    json_close(&text, '}');
    table_clear(&table);
    if (text.failed) {
        text_clear(&text);
        return error_no_memory(err);
    }
    *json = text.data;
    return true;
}
