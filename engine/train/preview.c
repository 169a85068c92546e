/* preview.c - see preview.h. */
#include "engine/train/preview.h"

#include <stdlib.h>

#include "engine/train/duck.h"
#include "engine/train/read.h"
#include "engine/train/source.h"

enum { BYTES_MOST = 8 << 20 };

static const size_t MEMORY_DEFAULT = (size_t)1 << 30;

static bool is_json(const struct source *source)
{
    return source->format == SOURCE_JSON || source->format == SOURCE_NDJSON;
}

static void add_query(struct text *sql, const struct source *source, size_t offset, size_t limit)
{
    if (is_json(source)) {
        text_printf(sql, "SELECT json::VARCHAR FROM read_json_objects(");
        sql_literal(sql, source->path);
        text_printf(sql, ", hive_partitioning = false, compression = '%s', format = '%s')",
                    source->gzip ? "gzip" : "uncompressed",
                    source->format == SOURCE_NDJSON ? "newline_delimited" : "auto");
    } else {
        text_printf(sql, "SELECT %s FROM ",
                    source->format == SOURCE_PARQUET ? "COLUMNS(*)::VARCHAR" : "*");
        read_add_source(sql, source, true);
    }
    text_printf(sql, " LIMIT %zu OFFSET %zu", limit, offset);
}

static void write_cell(struct text *json, duckdb_result *result, idx_t column, idx_t row)
{
    char *cell = duckdb_value_varchar(result, column, row);

    json_text(json, NULL, cell == NULL ? "" : cell);
    duckdb_free(cell);
}

/* A value that is JSON already. */
static void write_raw(struct text *json, duckdb_result *result, idx_t row)
{
    char *cell = duckdb_value_varchar(result, 0, row);

    text_printf(json, "%s%s", row == 0 ? "" : ",", cell == NULL ? "null" : cell);
    duckdb_free(cell);
}

static void write_table(struct text *json, duckdb_result *result)
{
    json_open(json, "columns", '[');
    for (idx_t column = 0; column < duckdb_column_count(result); column++)
        json_text(json, NULL, duckdb_column_name(result, column));
    json_close(json, ']');
    json_open(json, "data", '[');
    for (idx_t row = 0; row < duckdb_row_count(result) && json->length < BYTES_MOST; row++) {
        json_open(json, NULL, '[');
        for (idx_t column = 0; column < duckdb_column_count(result); column++)
            write_cell(json, result, column, row);
        json_close(json, ']');
    }
    json_close(json, ']');
}

static void write_objects(struct text *json, duckdb_result *result)
{
    json_open(json, "data", '[');
    for (idx_t row = 0; row < duckdb_row_count(result) && json->length < BYTES_MOST; row++)
        write_raw(json, result, row);
    json_close(json, ']');
}

static bool write_rows(const struct source *source, duckdb_result *result, char **text,
                       struct error *err)
{
    struct text json = {0};

    json_open(&json, NULL, '{');
    json_count(&json, "returned_rows", duckdb_row_count(result));
    if (is_json(source))
        write_objects(&json, result);
    else
        write_table(&json, result);
    json_close(&json, '}');
    if (!json.failed && json.length < BYTES_MOST) {
        *text = json.data;
        return true;
    }
    text_clear(&json);
    return json.failed
               ? error_no_memory(err)
               : error_set(err, ERROR_VALIDATION,
                           "the rows are larger than %d MB together: ask for fewer by limit",
                           BYTES_MOST >> 20);
}

static bool query(const struct source *source, size_t offset, size_t limit, size_t memory_bytes,
                  char **json, struct error *err)
{
    struct text sql = {0};
    struct duck duck = {0};
    duckdb_result result;
    bool ok = duck_open(&duck, &source->path, 1, memory_bytes, err);

    if (ok) {
        add_query(&sql, source, offset, limit);
        ok = (sql.failed ? error_no_memory(err) : duck_query(&duck, sql.data, &result, err));
        text_clear(&sql);
    }
    if (ok) {
        ok = write_rows(source, &result, json, err);
        duckdb_destroy_result(&result);
    }
    duck_close(&duck);
    return ok;
}

bool preview_rows(const struct build_file *file, size_t offset, size_t limit, size_t memory_bytes,
                  char **json, struct error *err)
{
    struct source source;
    bool ok;

    *json = NULL;
    if (limit > PREVIEW_ROWS_MOST)
        limit = PREVIEW_ROWS_MOST;
    if (memory_bytes == 0)
        memory_bytes = MEMORY_DEFAULT;
    ok = source_peek(file, &source, err);
    if (ok) {
        ok = query(&source, offset, limit, memory_bytes / 2, json, err);
        source_clear(&source);
    }
    if (ok || err->code != ERROR_VALIDATION)
        return ok;
    /* what its beginning does not tell, such as another encoding further on, the whole may */
    if (!source_open(file, &source, err))
        return false;
    ok = query(&source, offset, limit, memory_bytes / 2, json, err);
    source_clear(&source);
    return ok;
}
