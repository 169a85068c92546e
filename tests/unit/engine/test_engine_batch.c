/* test_engine_batch.c - a row of a table gets what a single prediction gets, in whatever form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/batch/batch.h"
#include "engine/predict/predictor.h"
#include "engine/train/inspect.h"
#include "tests/unit/engine/tables.h"

enum { TEXT_SIZE = 65536 };

struct fixture {
    char *folder;
    char artifact[512];
    char output[512];
    char scratch[512];
    int warnings;
    char last_warning[512];
    bool stop;
};

/* The model: churn by age and plan; plan is a text, signup a date. */
static int with_model(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char *report = NULL;
    struct error err = {0};
    struct build_file file;

    if (f == NULL || (f->folder = folder_new()) == NULL)
        return -1;
    snprintf(f->artifact, sizeof f->artifact, "%s", folder_path(f->folder, "model"));
    snprintf(f->output, sizeof f->output, "%s", folder_path(f->folder, "output"));
    snprintf(f->scratch, sizeof f->scratch, "%s", folder_path(f->folder, "scratch"));
    file = (struct build_file){write_customers(f->folder, "train.csv", 400), "train.csv"};
    if (!build_model(
            &(struct build_spec){
                .files = &file, .files_count = 1, .intent = "predict churn", .max_iterations = 1},
            NULL, f->artifact, &report, &err))
        return -1;
    free(report);
    *state = f;
    return 0;
}

static int without_model(void **state)
{
    struct fixture *f = *state;

    folder_free(f->folder);
    free(f);
    return 0;
}

static void on_log(void *context, enum build_level level, const char *message)
{
    struct fixture *f = context;

    if (level != BUILD_WARNING)
        return;
    f->warnings++;
    snprintf(f->last_warning, sizeof f->last_warning, "%s", message);
}

static bool on_stopped(void *context)
{
    return ((struct fixture *)context)->stop;
}

static bool predict(struct fixture *f, const struct build_file *files, size_t count,
                    enum result_format format, char **report, struct error *err)
{
    struct build_watch watch = {.context = f, .log = on_log, .stopped = on_stopped};

    f->warnings = 0;
    return batch_predict(&(struct batch_spec){.artifact = f->artifact,
                                              .files = files,
                                              .files_count = count,
                                              .format = format,
                                              .output = f->output,
                                              .scratch = f->scratch},
                         &watch, report, err);
}

static char *read_output(struct fixture *f)
{
    char *text = calloc(1, TEXT_SIZE);
    FILE *file = fopen(f->output, "r");

    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, TEXT_SIZE - 1, file) < TEXT_SIZE - 1);
    fclose(file);
    return text;
}

/* The result of one file; free() it. */
static char *predict_text(struct fixture *f, const char *name, const char *data,
                          enum result_format format)
{
    struct build_file file = {folder_write(f->folder, name, data, strlen(data)), name};
    struct error err = {0};
    char *report = NULL;

    if (!predict(f, &file, 1, format, &report, &err))
        fail_msg("%s: %s (%s)", name, err.message, err.detail);
    free(report);
    return read_output(f);
}

/* What the model answers for a row of which these fields are given. */
static void add_expected(struct fixture *f, struct buffer *lines, double age, const char *plan,
                         double cost, const char *signup)
{
    struct error err = {0};
    struct predictor *predictor = predictor_open(f->artifact, &err);
    struct value row[8] = {0};
    double out[8];
    size_t count;
    const struct field *fields;

    assert_non_null(predictor);
    fields = predictor_fields(predictor, &count);
    for (size_t at = 0; at < count; at++) {
        if (strcmp(fields[at].name, "age") == 0)
            row[at] = (struct value){.kind = VALUE_NUMBER, .number = age};
        else if (strcmp(fields[at].name, "monthly_cost") == 0)
            row[at] = (struct value){.kind = VALUE_NUMBER, .number = cost};
        else if (strcmp(fields[at].name, "plan") == 0)
            row[at] = (struct value){.kind = VALUE_TEXT, .text = plan, .length = strlen(plan)};
        else if (strcmp(fields[at].name, "signup") == 0)
            row[at] = (struct value){.kind = VALUE_TEXT, .text = signup, .length = strlen(signup)};
    }
    predictor_run(predictor, row, out);
    result_add_json(lines, &(struct result_form){predictor, false}, out, "", 0);
    predictor_free(predictor);
}

#define HEAD "monthly_cost,plan,age,signup,churn,note\n"

static const char CSV[] = HEAD "19.99,basic,34,2024-02-29,yes,a\n"
                               "0.1,premium,71.5,2023-01-01,no,\"b, c\"\n"
                               "1e2,never seen,18,2022-12-31,no,\n";
static const char NDJSON[] =
    "{\"age\":34,\"plan\":\"basic\",\"monthly_cost\":19.99,\"signup\":\"2024-02-29\",\"note\":1}\n"
    "{\"plan\":\"premium\",\"age\":71.5,\"monthly_cost\":0.1,\"signup\":\"2023-01-01\"}\n"
    "{\"plan\":\"never seen\",\"age\":\"18\",\"monthly_cost\":1e2,\"signup\":\"2022-12-31\"}\n";

static void every_form_of_a_table_gets_what_single_rows_get(void **state)
{
    struct fixture *f = *state;
    struct buffer expected = {0};
    char *text;

    add_expected(f, &expected, 34, "basic", 19.99, "2024-02-29");
    add_expected(f, &expected, 71.5, "premium", 0.1, "2023-01-01");
    add_expected(f, &expected, 18, "never seen", 100, "2022-12-31");
    text = predict_text(f, "a.csv", CSV, RESULT_NDJSON);
    assert_string_equal(text, expected.data);
    assert_int_equal(f->warnings, 1);
    assert_non_null(strstr(f->last_warning, "note"));
    free(text);
    text = predict_text(f, "a.ndjson", NDJSON, RESULT_NDJSON);
    assert_string_equal(text, expected.data);
    free(text);
    buffer_clear(&expected);
}

static void files_are_rows_one_after_another(void **state)
{
    struct fixture *f = *state;
    struct build_file files[] = {
        {folder_write(f->folder, "b.csv", CSV, strlen(CSV)), "b.csv"},
        {folder_write(f->folder, "b.ndjson", NDJSON, strlen(NDJSON)), "b.ndjson"}};
    struct error err = {0};
    char *report = NULL;
    char *text;
    size_t half;

    assert_true(predict(f, files, 2, RESULT_NDJSON, &report, &err));
    assert_string_equal(report, "{\"rows\":6,\"failed_rows\":0}");
    text = read_output(f);
    half = strlen(text) / 2;
    assert_memory_equal(text, text + half, half);
    free(text);
    free(report);
}

static void a_row_that_would_be_refused_gets_its_reason(void **state)
{
    static const char ROWS[] = HEAD "19.99,basic,34,2024-02-29,,\n"
                                    "19.99,basic,old,2024-02-29,,\n"
                                    "19.99,NA,34,2024-02-29,,\n"
                                    "19.99,basic,34,2024-02-29,,\n";
    struct fixture *f = *state;
    char *text = predict_text(f, "bad.csv", ROWS, RESULT_NDJSON);
    char *lines[4];
    char *rest = text;

    for (size_t at = 0; at < 4; at++)
        lines[at] = strsep(&rest, "\n");
    assert_string_equal(lines[0], lines[3]);
    assert_non_null(strstr(lines[0], "{\"prediction\":{\"churn\":"));
    assert_string_equal(lines[1], "{\"prediction\":null,\"error\":\"age: wrong type: give a whole "
                                  "number\"}");
    assert_string_equal(lines[2],
                        "{\"prediction\":null,\"error\":\"plan: missing: give a string\"}");
    assert_int_equal(f->warnings, 3); /* of two rows, and the column note */
    free(text);
    text = predict_text(f, "bad.csv", ROWS, RESULT_CSV);
    rest = text;
    assert_non_null(
        strstr(strsep(&rest, "\n"), "\"churn\",\"probability_no\",\"probability_yes\""));
    strsep(&rest, "\n");
    assert_string_equal(strsep(&rest, "\n"), ",,,\"age: wrong type: give a whole number\"");
    free(text);
}

static void a_required_column_that_is_not_there_is_named(void **state)
{
    static const char ROWS[] = "age,monthly_cost,signup\n1,2,2024-01-01\n";
    struct fixture *f = *state;
    struct build_file file = {folder_write(f->folder, "c.csv", ROWS, strlen(ROWS)), "c.csv"};
    struct error err = {0};
    char *report = NULL;

    assert_false(predict(f, &file, 1, RESULT_NDJSON, &report, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
    assert_string_equal(err.message, "c.csv has no column plan, which the model needs: add it");
    assert_null(report);
}

static void it_ends_when_it_is_told_to(void **state)
{
    struct fixture *f = *state;
    struct build_file file = {folder_write(f->folder, "d.csv", CSV, strlen(CSV)), "d.csv"};
    struct error err = {0};
    char *report = NULL;

    f->stop = true;
    assert_false(predict(f, &file, 1, RESULT_NDJSON, &report, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    f->stop = false;
}

/* Parquet of results is a table again; read back it has the values of the CSV. */
static void parquet_has_what_csv_has(void **state)
{
    struct fixture *f = *state;
    char *csv = predict_text(f, "e.csv", CSV, RESULT_CSV);
    char *json = NULL;
    struct build_file file = {f->output, "e.parquet"};
    struct error err = {0};
    char *rest = csv;
    char cells[3][64];

    free(predict_text(f, "e.csv", CSV, RESULT_PARQUET));
    assert_true(inspect_table(&file, 1, 0, &json, &err));
    assert_non_null(strstr(json, "\"format\":\"parquet\",\"rows\":3"));
    strsep(&rest, "\n");
    for (int row = 0; row < 3; row++) {
        const char *line = strsep(&rest, "\n");

        assert_int_equal(
            sscanf(line, "\"%63[^\"]\",%63[^,],%63[^,],", cells[0], cells[1], cells[2]), 3);
        for (int at = 0; at < 3; at++)
            if (strstr(json, cells[at]) == NULL)
                fail_msg("%s is not in %s", cells[at], json);
    }
    free(json);
    free(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_table_gets_what_single_rows_get),
        cmocka_unit_test(files_are_rows_one_after_another),
        cmocka_unit_test(a_row_that_would_be_refused_gets_its_reason),
        cmocka_unit_test(a_required_column_that_is_not_there_is_named),
        cmocka_unit_test(it_ends_when_it_is_told_to),
        cmocka_unit_test(parquet_has_what_csv_has),
    };

    return cmocka_run_group_tests_name("engine_batch", tests, with_model, without_model);
}
