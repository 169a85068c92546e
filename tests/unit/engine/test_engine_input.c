/* test_engine_input.c - any file is either read or refused with a message that helps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <duckdb.h>

#include "engine/train/inspect.h"
#include "tests/unit/engine/tables.h"

static int with_folder(void **state)
{
    *state = folder_new();
    return *state == NULL ? -1 : 0;
}

static int without_folder(void **state)
{
    folder_free(*state);
    return 0;
}

/* Builds from folder/name; the message of the error, or NULL when it went well. */
static const char *build(const char *folder, const char *name, const char *target,
                         struct error *err)
{
    struct build_file file = {folder_path(folder, name), name};
    struct build_spec spec = {.files = &file,
                              .files_count = 1,
                              .target = target,
                              .intent = "predict churn",
                              .max_iterations = 1};
    char *report = NULL;

    *err = (struct error){0};
    if (!build_model(&spec, NULL, folder_path(folder, "m"), &report, err))
        return err->message;
    free(report);
    return NULL;
}

static void flaws_are_named(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *says; /* a part of the message */
    } TABLE[] = {
        {"empty.csv", "", "empty"},
        {"blank.csv", "\n\n  \n", "empty"},
        {"bom.csv", "\xef\xbb\xbf", "empty"},
        {"header.csv", "a,b,churn\n", "no rows"},
        {"one.csv", "churn\n1\n0\n", "one column"},
        {"ragged.csv", "a,b,churn\n1,2,3\n1,2\n1,2,3\n", "line 3"},
        {"long.csv", "a,b,churn\n1,2,3\n1,2,3,4\n", "line 3"},
        {"quoted.csv", "a,b,churn\n\"x\ny\",2,3\n1,2\n", "line 4"},
        {"open.csv", "a,b,churn\n1,\"2,3\n1,2,3\n", "never closed"},
        {"twice.csv", "a,a,churn\n1,2,3\n", "two columns are named a"},
        {"unnamed.csv", "a,,churn\n1,2,3\n", "column 2"},
        {"few.csv", "a,b,churn\n1,2,3\n2,3,4\n", "at least 20"},
        {"zip.csv", "PK\3\4xxxxxxxxxxxx", "zip"},
        {"text.parquet", "a,b,churn\n1,2,3\n", "not a Parquet file"},
        {"cut.parquet", "PAR1\1\2\3\4", "cannot be read"},
        {"cut.csv.gz", "\x1f\x8b\x08\x01\x02", "cannot be read"},
        {"bad.json", "{\"a\": 1, \"b\": ", "cannot be read"},
        {"words.json", "hello", "cannot be read"},
        {"empty.json", "[]", ""},
    };
    struct error err;

    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        const char *message;

        folder_write(*state, TABLE[i].name, TABLE[i].text, strlen(TABLE[i].text));
        message = build(*state, TABLE[i].name, NULL, &err);
        assert_non_null(message);
        if (strstr(message, TABLE[i].says) == NULL)
            fail_msg("%s: %s", TABLE[i].name, message);
        assert_int_equal(err.code, ERROR_VALIDATION);
        assert_true(strlen(message) < sizeof err.message - 1); /* nothing was cut */
        assert_null(strstr(message, *state));
    }
}

static void binary_files_are_refused(void **state)
{
    unsigned char noise[4096];
    struct error err;
    unsigned seed = 1;

    for (size_t i = 0; i < sizeof noise; i++) {
        seed = seed * 1103515245u + 12345u;
        noise[i] = (unsigned char)(seed >> 16);
    }
    noise[0] = 'x';
    folder_write(*state, "noise.csv", noise, sizeof noise);
    assert_non_null(strstr(build(*state, "noise.csv", NULL, &err), "binary"));
    folder_write(*state, "noise.json", noise, sizeof noise);
    assert_non_null(build(*state, "noise.json", NULL, &err));
}

static void wide_tables_are_refused(void **state)
{
    char *text = malloc(200000);
    size_t used = 0;
    struct error err;

    for (int line = 0; line < 2; line++) {
        for (int i = 0; i < 10000; i++)
            used += (size_t)sprintf(text + used, line == 0 ? "c%d%c" : "%d%c", i,
                                    i == 9999 ? '\n' : ',');
    }
    folder_write(*state, "wide.csv", text, used);
    assert_non_null(strstr(build(*state, "wide.csv", NULL, &err), "10000 columns"));
    free(text);
}

/* A table of 60 rows, each made from format with the row's number three times. */
static void write_rows(char *folder, const char *name, const char *header, const char *row)
{
    char text[16384];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", header);

    for (int i = 0; i < 60; i++) {
        for (const char *c = row; *c != '\0'; c++) {
            if (*c == '#')
                used += (size_t)snprintf(text + used, sizeof text - used, "%d", (i * 7) % 10);
            else if (*c == '@')
                used += (size_t)snprintf(text + used, sizeof text - used, "%d", i % 2);
            else
                text[used++] = *c;
        }
    }
    folder_write(folder, name, text, used);
}

static void targets_that_tell_nothing_are_refused(void **state)
{
    static const struct {
        const char *row;
        const char *says;
    } TABLE[] = {
        {"#,@,yes\n", "same value"},    {"#,@,\n", "no value"},
        {"#,@,NA\n", "no value"},       {"5,5,@\n", "no column is left"},
        {",,@\n", "no column is left"}, {"@,@,@\n", "no column is left"}, /* copies of the target */
    };
    struct error err;

    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        const char *message;

        write_rows(*state, "t.csv", "a,b,churn\n", TABLE[i].row);
        message = build(*state, "t.csv", NULL, &err);
        assert_non_null(message);
        if (strstr(message, TABLE[i].says) == NULL)
            fail_msg("row %zu: %s", i, message);
        assert_int_equal(err.code, ERROR_VALIDATION);
    }
    assert_non_null(strstr(build(*state, "t.csv", "chrun", &err), "nearest is churn"));
}

static void forms_of_tables_are_read(void **state)
{
    static const struct {
        const char *name;
        const char *header;
        const char *row;
    } TABLE[] = {
        {"bom.csv",
         "\xef\xbb\xbf"
         "age,city,churn\n",
         "#,c#,@\n"},
        {"crlf.csv", "age,city,churn\r\n", "#,c#,@\r\n"},
        {"mac.csv", "age,city,churn\r", "#,c#,@\r"},
        {"latin.csv",
         "age,stra\xdf"
         "e,churn\n",
         "#,M\xfcller #,@\n"},
        {"semi.csv", "age;city;churn\n", "#;c#, x;@\n"},
        {"pipe.csv", "age|city|churn\n", "#|c#|@\n"},
        {"tabs.tsv", "age\tcity\tchurn\n", "#\tc#\t@\n"},
        {"quotes.csv", "\"age\",\"city\",churn\n", "#,\"a \"\"b\"\",\nc #\",@\n"},
        {"blank.csv", "\nage,city,churn\n\n", "#,c#,@\n\n"},
        {"mixed.csv", "age,city,churn\n", "#,@#,@\n"},
        {"nan.csv", "age,city,churn\n", "#,nan,@\n"},
        {"inf.csv", "age,city,churn\n", "#,inf,@\n"},
        {"words.csv", "age,city,churn\n", "#,?,@\n"},
        {"bools.csv", "age,ok,churn\n", "#,true,@\n"},
        {"dates.csv", "age,day,churn\n", "#,2024-01-0# 1#:30:00,@\n"},
        {"lines.ndjson", "", "{\"age\": #, \"city\": \"c#\", \"churn\": @}\n"},
        {"nested.ndjson", "", "{\"age\": #, \"c\": {\"x\": [1, #]}, \"churn\": @}\n"},
        {"plain", "age,city,churn\n", "#,c#,@\n"},
        {"it's \"odd\".csv", "age,ci'ty \"x,churn\n", "#,c#,@\n"},
    };
    struct error err;

    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        const char *message;

        write_rows(*state, TABLE[i].name, TABLE[i].header, TABLE[i].row);
        message = build(*state, TABLE[i].name, "churn", &err);
        if (message != NULL)
            fail_msg("%s: %s [%s]", TABLE[i].name, message, err.detail);
    }
}

static void write_parquet(const char *path)
{
    duckdb_database database;
    duckdb_connection connection;
    char sql[1024];

    snprintf(sql, sizeof sql,
             "COPY (SELECT i AS id, i %% 10 AS age, (i * 1.5)::DECIMAL(8,2) AS paid, "
             "DATE '2024-01-01' + (i %% 90)::INT AS day, "
             "TIMESTAMP '2024-01-01 10:00:00' + INTERVAL (i) HOUR AS at, [i %% 3] AS list, "
             "CASE WHEN i %% 7 = 0 THEN NULL ELSE 'c' || i %% 4 END AS city, i %% 10 > 4 AS churn "
             "FROM range(100) t(i)) TO '%s' (FORMAT parquet)",
             path);
    assert_int_equal(duckdb_open(NULL, &database), DuckDBSuccess);
    assert_int_equal(duckdb_connect(database, &connection), DuckDBSuccess);
    assert_int_equal(duckdb_query(connection, sql, NULL), DuckDBSuccess);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
}

static void parquet_keeps_its_types(void **state)
{
    struct build_file file = {folder_path(*state, "digest"), NULL};
    struct error err = {0};
    char *json = NULL;

    write_parquet(file.path);
    assert_true(inspect_table(&file, 1, 0, &json, &err));
    assert_non_null(strstr(json, "\"format\":\"parquet\",\"rows\":100"));
    assert_non_null(strstr(json, "\"name\":\"paid\",\"type\":\"float\""));
    assert_non_null(strstr(json, "\"name\":\"day\",\"type\":\"date\""));
    assert_non_null(strstr(json, "\"name\":\"churn\",\"type\":\"boolean\""));
    assert_non_null(strstr(json, "\"2024-01-01\",\"2024-01-01T10:00:00\",\"[0]\",null,\"false\""));
    free(json);
    assert_null(build(*state, "digest", NULL, &err));
}

static void latin1_becomes_utf8(void **state)
{
    struct build_file file;
    struct error err = {0};
    char *json = NULL;

    write_rows(*state, "latin.csv",
               "age,stra\xdf"
               "e,churn\n",
               "#,M\xfcller,@\n");
    file = (struct build_file){folder_path(*state, "latin.csv"), NULL};
    assert_true(inspect_table(&file, 1, 0, &json, &err));
    assert_non_null(strstr(json, "stra\xc3\x9f"
                                 "e"));
    assert_non_null(strstr(json, "M\xc3\xbcller"));
    free(json);
}

static void a_file_that_is_not_there_is_said_so(void **state)
{
    struct error err;

    assert_non_null(build(*state, "nothing.csv", NULL, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, with_folder, without_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(flaws_are_named),          WITH_FOLDER(binary_files_are_refused),
        WITH_FOLDER(wide_tables_are_refused),  WITH_FOLDER(targets_that_tell_nothing_are_refused),
        WITH_FOLDER(forms_of_tables_are_read), WITH_FOLDER(parquet_keeps_its_types),
        WITH_FOLDER(latin1_becomes_utf8),      WITH_FOLDER(a_file_that_is_not_there_is_said_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
