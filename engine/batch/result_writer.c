/* result_writer.c - see result_writer.h. */
#include "engine/batch/result_writer.h"

#include <errno.h>
#include <string.h>

#include "engine/train/duck.h"

enum { WRITE_BYTES = 256 * 1024 };

static bool failure(struct error *err)
{
    const char *reason = strerror(errno);

    error_set(err, ERROR_UNAVAILABLE,
              errno == ENOSPC ? "the disk of the blob store is full"
                              : "the result could not be written");
    return error_detail(err, "%s", reason);
}

bool result_writer_open(struct result_writer *writer, struct error *err)
{
    bool parquet = writer->format == RESULT_PARQUET;

    writer->file = fopen(parquet ? writer->scratch : writer->output, "we");
    if (writer->file == NULL)
        return failure(err);
    setvbuf(writer->file, NULL, _IONBF, 0);
    if (writer->format != RESULT_NDJSON)
        result_add_csv_head(&writer->lines, &writer->form);
    return true;
}

static bool flush(struct result_writer *writer, struct error *err)
{
    bool ok;

    if (writer->lines.failed)
        return error_no_memory(err);
    ok = writer->lines.length == 0 ||
         fwrite(writer->lines.data, writer->lines.length, 1, writer->file) == 1 || failure(err);
    buffer_reset(&writer->lines);
    return ok;
}

bool result_writer_add(struct result_writer *writer, const double *out, const char *problem,
                       struct error *err)
{
    bool json = writer->format == RESULT_NDJSON;

    if (problem == NULL && json)
        result_add_json(&writer->lines, &writer->form, out, "", 0);
    else if (problem == NULL)
        result_add_csv(&writer->lines, &writer->form, out);
    else if (json)
        result_add_json_error(&writer->lines, problem);
    else
        result_add_csv_error(&writer->lines, &writer->form, problem);
    return writer->lines.length < WRITE_BYTES || flush(writer, err);
}

static void add_column(void *context, const char *name, const char *type)
{
    struct text *sql = context;

    text_printf(sql, "%s", sql->data[sql->length - 1] == '{' ? "" : ", ");
    sql_name(sql, name);
    text_printf(sql, ": '%s'", type);
}

/* The lines are read again and written as Parquet: DuckDB holds no more of them than a group. */
static bool make_parquet(const struct result_writer *writer, size_t memory_bytes, struct error *err)
{
    const char *paths[] = {writer->scratch, writer->output};
    struct duck duck = {0};
    struct text sql = {0};
    duckdb_result result;
    bool ok;

    text_printf(&sql, "COPY (SELECT * FROM read_csv(");
    sql_literal(&sql, writer->scratch);
    text_printf(&sql, ", auto_detect = false, header = true, delim = ',', quote = '\"', "
                      "escape = '\"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', "
                      "compression = 'none', hive_partitioning = false, columns = {");
    result_columns(&writer->form, add_column, &sql);
    text_printf(&sql, "})) TO ");
    sql_literal(&sql, writer->output);
    text_printf(&sql, " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)");
    ok = sql.failed ? error_no_memory(err) : duck_open(&duck, paths, 2, memory_bytes, err);
    if (ok && !duck_query(&duck, sql.data, &result, err)) {
        if (err->code == ERROR_VALIDATION) /* our own file */
            error_set(err, ERROR_INTERNAL, "the result could not be written as Parquet");
        ok = false;
    } else if (ok) {
        duckdb_destroy_result(&result);
    }
    duck_close(&duck);
    text_clear(&sql);
    return ok;
}

bool result_writer_end(struct result_writer *writer, size_t memory_bytes, struct error *err)
{
    bool ok = flush(writer, err);
    FILE *file = writer->file;

    writer->file = NULL;
    if (fclose(file) != 0 && ok)
        ok = failure(err);
    return ok && (writer->format != RESULT_PARQUET || make_parquet(writer, memory_bytes, err));
}

void result_writer_close(struct result_writer *writer)
{
    if (writer->file != NULL)
        fclose(writer->file);
    writer->file = NULL;
    buffer_clear(&writer->lines);
}
