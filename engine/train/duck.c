/* duck.c - see duck.h. */
#include "engine/train/duck.h"

#include <string.h>

enum { MEMORY_LEAST_MB = 128 };

static void add_doubled(struct text *sql, const char *text, char quote)
{
    text_add(sql, &quote, 1);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == quote)
            text_add(sql, &quote, 1);
        text_add(sql, c, 1);
    }
    text_add(sql, &quote, 1);
}

void sql_literal(struct text *sql, const char *text)
{
    add_doubled(sql, text, '\'');
}

void sql_name(struct text *sql, const char *text)
{
    add_doubled(sql, text, '"');
}

/* The first line of what DuckDB says, without its "Invalid Input Error: ". */
static void first_line(const char *message, char *line, size_t size)
{
    const char *colon = strstr(message, "Error: ");
    size_t used = 0;

    message = colon != NULL ? colon + strlen("Error: ") : message;
    while (*message != '\0' && *message != '\n' && used + 1 < size) {
        line[used++] = *message;
        message++;
    }
    line[used] = '\0';
}

bool duck_fail(struct error *err, const char *message)
{
    char line[160];

    message = message == NULL ? "unknown" : message;
    if (strstr(message, "Out of Memory") != NULL || strstr(message, "bad_alloc") != NULL ||
        strstr(message, "failed to allocate") != NULL)
        error_no_memory(err);
    else {
        first_line(message, line, sizeof line);
        if (strchr(line, '/') != NULL) /* a path of ours: for the log only */
            error_set(err, ERROR_VALIDATION,
                      "the table cannot be read: check that the file is whole and of the format "
                      "that its name says");
        else
            error_set(err, ERROR_VALIDATION, "the table cannot be read: %s", line);
    }
    return error_detail(err, "duckdb: %.200s", message);
}

bool duck_query(struct duck *duck, const char *sql, duckdb_result *result, struct error *err)
{
    memset(result, 0, sizeof *result);
    if (duckdb_query(duck->connection, sql, result) == DuckDBSuccess)
        return true;
    duck_fail(err, duckdb_result_error(result));
    duckdb_destroy_result(result);
    return false;
}

bool duck_stream(struct duck *duck, const char *sql, duckdb_result *result, struct error *err)
{
    duckdb_prepared_statement statement = NULL;
    bool ok = false;

    memset(result, 0, sizeof *result);
    if (duckdb_prepare(duck->connection, sql, &statement) != DuckDBSuccess) {
        duck_fail(err, duckdb_prepare_error(statement));
        goto cleanup;
    }
    if (duckdb_execute_prepared_streaming(statement, result) != DuckDBSuccess) {
        duck_fail(err, duckdb_result_error(result));
        duckdb_destroy_result(result);
        goto cleanup;
    }
    ok = true;

cleanup:
    duckdb_destroy_prepare(&statement);
    return ok;
}

static bool set_up(struct duck *duck, const char *const *paths, size_t count, size_t memory_bytes,
                   struct error *err)
{
    static const char *const SETTINGS =
        "SET threads = 1; SET temp_directory = ''; SET autoinstall_known_extensions = false; "
        "SET autoload_known_extensions = false; SET preserve_insertion_order = true; "
        "SET TimeZone = 'UTC'; ";
    struct text sql = {0};
    duckdb_result result;
    size_t memory_mb = memory_bytes >> 20;
    bool ok;

    text_printf(&sql, "%s", SETTINGS);
    text_printf(&sql, "SET memory_limit = '%zuMB'; SET allowed_paths = [",
                memory_mb < MEMORY_LEAST_MB ? MEMORY_LEAST_MB : memory_mb);
    for (size_t i = 0; i < count; i++) {
        text_printf(&sql, "%s", i == 0 ? "" : ", ");
        sql_literal(&sql, paths[i]);
    }
    text_printf(&sql, "]; SET enable_external_access = false; SET lock_configuration = true;");
    ok = sql.failed ? error_no_memory(err) : duck_query(duck, sql.data, &result, err);
    if (ok)
        duckdb_destroy_result(&result);
    text_clear(&sql);
    return ok;
}

bool duck_open(struct duck *duck, const char *const *paths, size_t count, size_t memory_bytes,
               struct error *err)
{
    *duck = (struct duck){0};
    if (duckdb_open(NULL, &duck->database) != DuckDBSuccess ||
        duckdb_connect(duck->database, &duck->connection) != DuckDBSuccess) {
        duck_close(duck);
        error_no_memory(err);
        return error_detail(err, "duckdb does not open");
    }
    if (!set_up(duck, paths, count, memory_bytes, err)) {
        duck_close(duck);
        return false;
    }
    return true;
}

void duck_close(struct duck *duck)
{
    duckdb_disconnect(&duck->connection);
    duckdb_close(&duck->database);
}
