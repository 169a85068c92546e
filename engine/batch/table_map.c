/* table_map.c - see table_map.h. */
#include "engine/batch/table_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/predict/encode.h"
#include "engine/predict/values.h"
#include "engine/train/read.h"

enum { NAMES_TOLD_BYTES = 600 };

/* The columns of a source
 * ------------------------------------------------------------------------*/

static bool is_date(const char *type)
{
    return strncmp(type, "DATE", 4) == 0 || strncmp(type, "TIMESTAMP", 9) == 0;
}

static bool is_number(const char *type)
{
    static const char *const WORDS[] = {"TINYINT",  "SMALLINT",  "INTEGER",  "BIGINT",  "HUGEINT",
                                        "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
                                        "FLOAT",    "DOUBLE",    "DECIMAL"};

    for (size_t at = 0; at < sizeof WORDS / sizeof *WORDS; at++)
        if (strncmp(type, WORDS[at], strlen(WORDS[at])) == 0)
            return strchr(type, '[') == NULL;
    return false;
}

/* How a column of a type is read for a field: as the kind of value that JSON would have given. */
static enum cell cell_of(enum field_type field, const char *type)
{
    bool boolean = strcmp(type, "BOOLEAN") == 0;

    switch (field) {
    case FIELD_FLOAT:
    case FIELD_INTEGER:
    case FIELD_STRING:
        return is_number(type) ? CELL_NUMBER : CELL_TEXT;
    case FIELD_BOOLEAN:
        return boolean || is_number(type) ? CELL_NUMBER : CELL_TEXT;
    case FIELD_DATE:
        return is_date(type) ? CELL_NUMBER : CELL_TEXT;
    }
    return CELL_TEXT;
}

static void add_cell(struct text *sql, const char *name, const char *type, enum cell cell)
{
    bool epoch = cell == CELL_NUMBER && is_date(type);

    text_printf(sql, "%s%s", sql->length == 0 ? "SELECT " : ", ", epoch ? "epoch(" : "CAST(");
    sql_name(sql, name);
    text_printf(sql, "%s",
                epoch                 ? "::TIMESTAMP)"
                : cell == CELL_NUMBER ? " AS DOUBLE)"
                                      : " AS VARCHAR)");
}

/* The JSON of a client as it is: numbers and texts are told apart by their field, not guessed. */
static void add_json(struct text *sql, const struct table_map *map, const struct source *source)
{
    const char *comma = "";

    text_printf(sql, "read_json(");
    sql_literal(sql, source->path);
    text_printf(sql, ", hive_partitioning = false, compression = '%s', format = '%s', columns = {",
                source->gzip ? "gzip" : "uncompressed",
                source->format == SOURCE_NDJSON ? "newline_delimited" : "auto");
    for (size_t at = 0; at < map->count; at++) {
        if (map->cells[at] == CELL_NONE)
            continue;
        text_printf(sql, "%s", comma);
        sql_name(sql, map->fields[at].name);
        text_printf(sql, ": 'VARCHAR'");
        comma = ", ";
    }
    text_printf(sql, "})");
}

struct columns {
    struct table_map *map;
    const struct predictor *predictor;
    bool json;
    struct text select;
    size_t selected;
    char extra[NAMES_TOLD_BYTES]; /* names of columns that no field has */
};

static void note_extra(struct columns *columns, const char *name)
{
    size_t used = strlen(columns->extra);
    size_t left = sizeof columns->extra - used;

    if (strlen(name) + 8 < left)
        snprintf(columns->extra + used, left, "%s%s", used == 0 ? "" : ", ", name);
    else if (left > 5 && (used < 3 || strcmp(columns->extra + used - 3, "...") != 0))
        strcat(columns->extra, " ...");
}

static void meet_column(struct columns *columns, const char *name, const char *type)
{
    struct table_map *map = columns->map;
    size_t field;

    if (!predictor_field_find(columns->predictor, name, strlen(name), &field)) {
        note_extra(columns, name);
        return;
    }
    if (map->cells[field] != CELL_NONE)
        return;
    map->cells[field] = columns->json ? CELL_TEXT : cell_of(map->fields[field].type, type);
    map->positions[field] = columns->selected++;
    add_cell(&columns->select, name, type, map->cells[field]);
}

static bool describe(struct columns *columns, struct duck *duck, const struct source *source,
                     struct error *err)
{
    struct text sql = {0};
    duckdb_result result;
    bool ok;

    text_printf(&sql, "DESCRIBE SELECT * FROM ");
    read_add_source(&sql, source, true);
    ok = sql.failed ? error_no_memory(err) : duck_query(duck, sql.data, &result, err);
    text_clear(&sql);
    if (!ok)
        return false;
    for (idx_t at = 0; ok && at < duckdb_row_count(&result); at++) {
        char *name = duckdb_value_varchar(&result, 0, at);
        char *type = duckdb_value_varchar(&result, 1, at);

        if (name == NULL || type == NULL)
            ok = error_no_memory(err);
        else
            meet_column(columns, name, type);
        duckdb_free(name);
        duckdb_free(type);
    }
    duckdb_destroy_result(&result);
    return ok;
}

static bool check_missing(const struct table_map *map, const struct source *source,
                          struct watch *watch, struct error *err)
{
    for (size_t at = 0; at < map->count; at++) {
        if (map->cells[at] != CELL_NONE)
            continue;
        if (map->fields[at].required)
            return error_set(err, ERROR_VALIDATION,
                             "%.80s has no column %.100s, which the model needs: add it",
                             source->name, map->fields[at].name);
        watch_log(watch, BUILD_WARNING, "%s has no column %s: its values count as missing",
                  source->name, map->fields[at].name);
    }
    return true;
}

static bool make_query(struct columns *columns, const struct source *source, struct error *err)
{
    struct table_map *map = columns->map;

    if (columns->selected == 0)
        return error_set(err, ERROR_VALIDATION, "%.80s has none of the model's columns",
                         source->name);
    map->query = columns->select;
    columns->select = (struct text){0};
    text_printf(&map->query, " FROM ");
    if (columns->json)
        add_json(&map->query, map, source);
    else
        read_add_source(&map->query, source, true);
    return !map->query.failed || error_no_memory(err);
}

bool table_map_make(struct table_map *map, const struct predictor *predictor, struct duck *duck,
                    const struct source *source, struct watch *watch, struct error *err)
{
    struct columns columns = {.map = map,
                              .predictor = predictor,
                              .json =
                                  source->format == SOURCE_JSON || source->format == SOURCE_NDJSON};
    bool ok;

    *map = (struct table_map){0};
    map->fields = predictor_fields(predictor, &map->count);
    map->cells = calloc(map->count + 1, sizeof *map->cells);
    map->positions = calloc(map->count + 1, sizeof *map->positions);
    if (map->cells == NULL || map->positions == NULL) {
        table_map_clear(map);
        return error_no_memory(err);
    }
    ok = describe(&columns, duck, source, err) && check_missing(map, source, watch, err) &&
         make_query(&columns, source, err);
    if (ok && *columns.extra != '\0')
        watch_log(watch, BUILD_WARNING, "columns of %s that the model has not are passed over: %s",
                  source->name, columns.extra);
    text_clear(&columns.select);
    if (!ok)
        table_map_clear(map);
    return ok;
}

void table_map_clear(struct table_map *map)
{
    free(map->cells);
    free(map->positions);
    text_clear(&map->query);
    *map = (struct table_map){0};
}

/* Rows
 * -------------------------------------------------------------------------------------------*/

static struct value number_value(const double *data, size_t row)
{
    if (!isfinite(data[row]))
        return (struct value){.kind = VALUE_MISSING};
    return (struct value){.kind = VALUE_NUMBER, .number = data[row] + 0.0};
}

/* A text as infer would have got it: numbers and booleans as such. False when it is none. */
static bool text_value(enum field_type type, duckdb_string_t *data, size_t row, struct value *value)
{
    duckdb_string_t *text = &data[row];
    double number;

    *value = (struct value){.kind = VALUE_TEXT,
                            .text = duckdb_string_t_data(text),
                            .length = duckdb_string_t_length(*text)};
    if (text_is_missing(value->text, value->length)) {
        *value = (struct value){.kind = VALUE_MISSING};
        return true;
    }
    if (type == FIELD_STRING)
        return true;
    if (!value_number(type, value, &number))
        return false;
    if (type != FIELD_DATE)
        *value = (struct value){.kind = VALUE_NUMBER, .number = number};
    return true;
}

static bool read_cell(const struct table_map *map, duckdb_data_chunk chunk, size_t row,
                      size_t field, struct value *value)
{
    duckdb_vector vector;
    uint64_t *valid;
    void *data;

    *value = (struct value){.kind = VALUE_MISSING};
    if (map->cells[field] == CELL_NONE)
        return true;
    vector = duckdb_data_chunk_get_vector(chunk, map->positions[field]);
    valid = duckdb_vector_get_validity(vector);
    data = duckdb_vector_get_data(vector);
    if (valid != NULL && !duckdb_validity_row_is_valid(valid, row))
        return true;
    if (map->cells[field] == CELL_TEXT)
        return text_value(map->fields[field].type, data, row, value);
    *value = number_value(data, row);
    return true;
}

bool table_map_row(const struct table_map *map, duckdb_data_chunk chunk, size_t row,
                   struct value *values, char *problem, size_t size)
{
    for (size_t at = 0; at < map->count; at++) {
        const struct field *field = &map->fields[at];
        bool fits = read_cell(map, chunk, row, at, &values[at]);

        if (fits && (!field->required || values[at].kind != VALUE_MISSING))
            continue;
        snprintf(problem, size, "%.100s: %s: give %s", field->name, fits ? "missing" : "wrong type",
                 field_type_wanted(field->type));
        return false;
    }
    return true;
}
