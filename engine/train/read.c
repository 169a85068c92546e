/* read.c - see read.h. */
#include "engine/train/read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/predict/values.h"
#include "engine/train/duck.h"
#include "engine/train/source.h"

enum { SNIFF_ALL_BYTES = 64 << 20, SNIFF_ROWS = 500000, ROWS_MAX = 2000000000 };

static const size_t MEMORY_DEFAULT = (size_t)1 << 30;

struct reading {
    struct table *table;
    struct duck duck;
    struct source *sources;
    size_t count;
    size_t memory_bytes;
    struct watch *watch;
};

/* What the reader of a CSV makes of its cells. */
static void add_types(struct text *sql, const struct source *source, bool texts)
{
    if (texts)
        text_printf(sql, ", all_varchar = true");
    else
        text_printf(sql,
                    ", sample_size = %d, auto_type_candidates = ['BIGINT', 'DOUBLE', 'VARCHAR']"
                    ", nullstr = ['', 'NA', 'N/A', 'NaN', 'nan', 'NAN', 'null', 'NULL', '#N/A', "
                    "'<NA>', 'n/a', '?']",
                    source->size_bytes < SNIFF_ALL_BYTES ? -1 : SNIFF_ROWS);
}

void read_add_source(struct text *sql, const struct source *source, bool texts)
{
    size_t length;

    if (source->format == SOURCE_PARQUET) {
        text_printf(sql, "read_parquet(");
        sql_literal(sql, source->path);
        text_printf(sql, ", hive_partitioning = false)");
        return;
    }
    text_printf(sql, source->format <= SOURCE_TSV ? "read_csv(" : "read_json_auto(");
    sql_literal(sql, source->path);
    text_printf(sql, ", hive_partitioning = false");
    if (source->gzip)
        text_printf(sql, ", compression = 'gzip'");
    else
        text_printf(sql, ", compression = '%s'",
                    source->format > SOURCE_TSV ? "uncompressed" : "none");
    if (source->format > SOURCE_TSV) {
        text_printf(sql,
                    ", maximum_depth = 2, sample_size = -1, convert_strings_to_integers = false"
                    ", format = '%s')",
                    source->format == SOURCE_NDJSON ? "newline_delimited" : "auto");
        return;
    }
    text_printf(sql, ", header = true, strict_mode = false");
    add_types(sql, source, texts);
    if (source->format == SOURCE_TSV && !source->scanned)
        text_printf(sql, ", delim = '\t'");
    if (source->scanned) {
        text_printf(sql, ", delim = '%c', quote = '\"', escape = '\"', skip = %zu, names = [",
                    source->separator, source->skip_lines);
        for (uint32_t i = 0; i < source->names.count; i++) {
            text_printf(sql, "%s", i == 0 ? "" : ", ");
            sql_literal(sql, dictionary_text(&source->names, i, &length));
        }
        text_printf(sql, "]%s", source->latin1 ? ", encoding = 'latin-1'" : "");
    }
    text_printf(sql, ")");
}

static enum field_type type_of(const char *duck_type)
{
    static const struct {
        const char *prefix;
        enum field_type type;
    } TYPES[] = {
        {"TINYINT", FIELD_INTEGER},   {"SMALLINT", FIELD_INTEGER}, {"INTEGER", FIELD_INTEGER},
        {"BIGINT", FIELD_INTEGER},    {"HUGEINT", FIELD_INTEGER},  {"UTINYINT", FIELD_INTEGER},
        {"USMALLINT", FIELD_INTEGER}, {"UINTEGER", FIELD_INTEGER}, {"UBIGINT", FIELD_INTEGER},
        {"UHUGEINT", FIELD_INTEGER},  {"FLOAT", FIELD_FLOAT},      {"DOUBLE", FIELD_FLOAT},
        {"DECIMAL", FIELD_FLOAT},     {"BOOLEAN", FIELD_BOOLEAN},  {"DATE", FIELD_DATE},
        {"TIMESTAMP", FIELD_DATE},
    };

    if (strchr(duck_type, '[') != NULL)
        return FIELD_STRING;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (strncmp(duck_type, TYPES[i].prefix, strlen(TYPES[i].prefix)) == 0)
            return TYPES[i].type;
    return FIELD_STRING;
}

/* What a column is that is a in one file and b in another. */
static enum field_type common_type(enum field_type a, enum field_type b)
{
    if (a == b)
        return a;
    if ((a == FIELD_FLOAT && b == FIELD_INTEGER) || (a == FIELD_INTEGER && b == FIELD_FLOAT))
        return FIELD_FLOAT;
    return FIELD_STRING;
}

static bool add_column(struct table *table, const char *name, enum field_type type,
                       struct error *err)
{
    struct column *columns;

    if (table->columns_count == COLUMNS_MAX)
        return error_set(err, ERROR_VALIDATION,
                         "the table has more than %d columns: leave out those that cannot matter",
                         COLUMNS_MAX);
    columns = realloc(table->columns, (table->columns_count + 1) * sizeof *columns);
    if (columns == NULL)
        return error_no_memory(err);
    table->columns = columns;
    columns[table->columns_count] = (struct column){.name = strdup(name), .type = type};
    table->columns_count++;
    return columns[table->columns_count - 1].name != NULL || error_no_memory(err);
}

/* One column of a file that is not the first: it must be known. */
static bool meet_column(struct table *table, const struct source *source, const char *name,
                        enum field_type type, struct error *err)
{
    size_t at = table_find(table, name);

    if (at == table->columns_count)
        return error_set(err, ERROR_VALIDATION,
                         "%.60s has a column %.60s that the first file has not: all files must "
                         "have the same columns",
                         source->name, name);
    table->columns[at].type = common_type(table->columns[at].type, type);
    return true;
}

/* Asks DuckDB for the columns of a source and merges them into the table's. */
static bool describe(struct reading *reading, size_t index, struct error *err)
{
    const struct source *source = &reading->sources[index];
    struct text sql = {0};
    duckdb_result result;
    bool ok;
    idx_t count = 0;

    text_printf(&sql, "DESCRIBE SELECT * FROM ");
    read_add_source(&sql, source, false);
    ok = sql.failed ? error_no_memory(err) : duck_query(&reading->duck, sql.data, &result, err);
    text_clear(&sql);
    if (!ok)
        return false;
    count = duckdb_row_count(&result);
    for (idx_t i = 0; ok && i < count; i++) {
        char *name = duckdb_value_varchar(&result, 0, i);
        char *type = duckdb_value_varchar(&result, 1, i);

        if (name == NULL || type == NULL)
            ok = error_no_memory(err);
        else if (index == 0)
            ok = add_column(reading->table, name, type_of(type), err);
        else
            ok = meet_column(reading->table, source, name, type_of(type), err);
        duckdb_free(name);
        duckdb_free(type);
    }
    duckdb_destroy_result(&result);
    if (ok && count != reading->table->columns_count)
        ok =
            error_set(err, ERROR_VALIDATION,
                      "%.60s has %zu columns, the first file has %zu: all files must have the same",
                      source->name, (size_t)count, reading->table->columns_count);
    if (ok && count < 2)
        ok = error_set(err, ERROR_VALIDATION,
                       "%.80s has one column: a model needs a target and at least one other column",
                       source->name);
    return ok;
}

static bool grow(struct table *table, size_t rows, struct error *err)
{
    size_t capacity = table->capacity;

    if (rows > ROWS_MAX)
        return error_set(err, ERROR_TOO_LARGE, "the table has more than %d rows", ROWS_MAX);
    if (rows <= capacity)
        return true;
    capacity = capacity * 3 / 2 > rows ? capacity * 3 / 2 : rows;
    for (size_t i = 0; i < table->columns_count; i++) {
        struct column *column = &table->columns[i];

        if (column->type == FIELD_STRING) {
            uint32_t *texts = realloc(column->texts, capacity * sizeof *texts);

            if (texts == NULL)
                return error_no_memory(err);
            column->texts = texts;
        } else {
            double *numbers = realloc(column->numbers, capacity * sizeof *numbers);

            if (numbers == NULL)
                return error_no_memory(err);
            column->numbers = numbers;
        }
    }
    table->capacity = capacity;
    return true;
}

static bool append_texts(struct column *column, size_t row, const duckdb_string_t *data,
                         const uint64_t *valid, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        duckdb_string_t text;
        const char *bytes;
        size_t length;

        column->texts[row + i] = TEXT_MISSING;
        if (valid != NULL && !duckdb_validity_row_is_valid((uint64_t *)(uintptr_t)valid, i))
            continue;
        text = data[i];
        length = duckdb_string_t_length(text);
        bytes = duckdb_string_t_data(&text);
        if (text_is_missing(bytes, length) || memchr(bytes, '\0', length) != NULL)
            continue;
        if (!dictionary_add(&column->levels, bytes, length, &column->texts[row + i], err))
            return false;
    }
    return true;
}

static void append_numbers(struct column *column, size_t row, const double *data,
                           const uint64_t *valid, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool known = valid == NULL || duckdb_validity_row_is_valid((uint64_t *)(uintptr_t)valid, i);

        column->numbers[row + i] = known && isfinite(data[i]) ? data[i] + 0.0 : (double)NAN;
    }
}

static bool append_chunk(struct table *table, duckdb_data_chunk chunk, struct error *err)
{
    size_t count = duckdb_data_chunk_get_size(chunk);

    if (!grow(table, table->rows + count, err))
        return false;
    for (size_t i = 0; i < table->columns_count; i++) {
        struct column *column = &table->columns[i];
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
        const void *data = duckdb_vector_get_data(vector);
        const uint64_t *valid = duckdb_vector_get_validity(vector);

        if (column->type != FIELD_STRING)
            append_numbers(column, table->rows, data, valid, count);
        else if (!append_texts(column, table->rows, data, valid, count, err))
            return false;
    }
    table->rows += count;
    return true;
}

static size_t memory_used(const struct table *table)
{
    size_t bytes = 0;

    for (size_t i = 0; i < table->columns_count; i++)
        bytes += table->capacity * (table->columns[i].type == FIELD_STRING ? 4 : 8) +
                 table->columns[i].levels.bytes_capacity + table->columns[i].levels.count * 16;
    return bytes;
}

static void add_select(struct text *sql, const struct table *table, const struct source *source)
{
    text_printf(sql, "SELECT ");
    for (size_t i = 0; i < table->columns_count; i++) {
        enum field_type type = table->columns[i].type;

        text_printf(sql, "%s%s", i == 0 ? "" : ", ", type == FIELD_DATE ? "epoch(" : "CAST(");
        sql_name(sql, table->columns[i].name);
        text_printf(sql, "%s",
                    type == FIELD_DATE     ? "::TIMESTAMP)"
                    : type == FIELD_STRING ? " AS VARCHAR)"
                                           : " AS DOUBLE)");
    }
    text_printf(sql, " FROM ");
    read_add_source(sql, source, false);
}

/* Whether a table that need not be whole has enough rows. */
static bool is_enough(const struct reading *reading)
{
    const struct table *table = reading->table;

    return table->rows_most > 0 &&
           (table->rows >= table->rows_most || memory_used(table) > reading->memory_bytes / 4);
}

static bool append_rows(struct reading *reading, duckdb_result result, struct error *err)
{
    bool ok = true;

    while (ok && !is_enough(reading)) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);

        if (chunk == NULL) {
            const char *message = duckdb_result_error(&result);

            return message == NULL || *message == '\0' || duck_fail(err, message);
        }
        if (duckdb_data_chunk_get_size(chunk) == 0) {
            duckdb_destroy_data_chunk(&chunk);
            break;
        }
        ok = append_chunk(reading->table, chunk, err) && watch_go_on(reading->watch, err);
        if (ok && memory_used(reading->table) > reading->memory_bytes / 2)
            ok = error_set(err, ERROR_TOO_LARGE,
                           "the table is too large for the %zu MB a build may use (row %zu): send "
                           "fewer rows or columns",
                           reading->memory_bytes >> 20, reading->table->rows);
        duckdb_destroy_data_chunk(&chunk);
    }
    return ok;
}

/* How many rows a source has, those that were not read among them. */
static bool count_rows(struct reading *reading, const struct source *source, size_t *rows,
                       struct error *err)
{
    struct text sql = {0};
    duckdb_result result;
    bool ok;

    if (source->scanned) {
        *rows = source->rows;
        return true;
    }
    text_printf(&sql, "SELECT count(*) FROM ");
    read_add_source(&sql, source, false);
    ok = sql.failed ? error_no_memory(err) : duck_query(&reading->duck, sql.data, &result, err);
    text_clear(&sql);
    if (!ok)
        return false;
    *rows = (size_t)duckdb_value_int64(&result, 0, 0);
    duckdb_destroy_result(&result);
    return true;
}

static bool append_source(struct reading *reading, size_t index, struct error *err)
{
    struct text sql = {0};
    duckdb_result result;
    size_t before = reading->table->rows;
    size_t rows;
    bool ok;

    add_select(&sql, reading->table, &reading->sources[index]);
    ok = sql.failed ? error_no_memory(err) : duck_stream(&reading->duck, sql.data, &result, err);
    text_clear(&sql);
    if (!ok)
        return false;
    ok = append_rows(reading, result, err);
    duckdb_destroy_result(&result);
    if (ok && !is_enough(reading) && reading->table->rows == before)
        ok = error_set(err, ERROR_VALIDATION, "%.80s has no rows: send the data too",
                       reading->sources[index].name);
    rows = reading->table->rows - before;
    if (ok && is_enough(reading))
        ok = count_rows(reading, &reading->sources[index], &rows, err);
    reading->table->rows_in_files += rows;
    return ok;
}

static bool open_sources(struct reading *reading, const struct build_file *files, struct error *err)
{
    const char **paths = calloc(reading->count, sizeof *paths);
    bool ok = paths != NULL || error_no_memory(err);

    for (size_t i = 0; ok && i < reading->count; i++) {
        paths[i] = files[i].path;
        ok = source_open(&files[i], &reading->sources[i], err);
        reading->table->size_bytes += reading->sources[i].size_bytes;
    }
    if (ok) {
        reading->table->format = source_format_name(reading->sources[0].format);
        ok = duck_open(&reading->duck, paths, reading->count, reading->memory_bytes / 2, err);
    }
    free(paths);
    return ok;
}

bool read_files(struct table *table, const struct build_file *files, size_t count,
                size_t memory_bytes, struct watch *watch, struct error *err)
{
    struct reading reading = {.table = table, .count = count, .watch = watch};
    bool ok;

    if (count == 0)
        return error_set(err, ERROR_VALIDATION, "no data was given: name at least one file");
    reading.memory_bytes = memory_bytes == 0 ? MEMORY_DEFAULT : memory_bytes;
    reading.sources = calloc(count, sizeof *reading.sources);
    if (reading.sources == NULL)
        return error_no_memory(err);
    ok = open_sources(&reading, files, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = describe(&reading, i, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = append_source(&reading, i, err);
    duck_close(&reading.duck);
    for (size_t i = 0; i < count; i++)
        source_clear(&reading.sources[i]);
    free(reading.sources);
    return ok;
}
