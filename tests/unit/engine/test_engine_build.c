/* test_engine_build.c - builds are good, the same every time, and end when they are told to. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/predict/predictor.h"
#include "engine/train/inspect.h"
#include "tests/unit/engine/tables.h"

struct fixture {
    char *folder;
    int percent; /* the last one said */
    bool fell;   /* a percentage was not more than the one before */
    int stop_at; /* 0: never */
    int lines;
};

static int with_folder(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f != NULL)
        f->folder = folder_new();
    *state = f;
    return f == NULL || f->folder == NULL ? -1 : 0;
}

static int without_folder(void **state)
{
    struct fixture *f = *state;

    folder_free(f->folder);
    free(f);
    return 0;
}

static void on_log(void *context, enum build_level level, const char *message)
{
    struct fixture *f = context;

    (void)level;
    f->lines += message[0] != '\0';
}

static void on_progress(void *context, int percent, const char *stage)
{
    struct fixture *f = context;

    f->fell |= stage == NULL || (f->percent > 0 && percent <= f->percent) || percent > 100;
    f->percent = percent;
}

static bool on_stopped(void *context)
{
    struct fixture *f = context;

    return f->stop_at > 0 && f->percent >= f->stop_at;
}

/* Builds to folder/name; *report is the caller's. */
static bool build(struct fixture *f, const struct build_file *files, size_t count,
                  struct build_spec spec, const char *name, char **report, struct error *err)
{
    struct build_watch watch = {f, on_log, on_progress, on_stopped};

    spec.files = files;
    spec.files_count = count;
    f->percent = 0;
    return build_model(&spec, &watch, folder_path(f->folder, name), report, err);
}

/* The number after "metrics":{ ... "name": in a report. */
static double metric(const char *report, const char *name)
{
    const char *at = strstr(report, "\"metrics\":");
    char key[64];

    snprintf(key, sizeof key, "\"%s\":", name);
    at = at == NULL ? NULL : strstr(at, key);
    return at == NULL ? (double)NAN : strtod(at + strlen(key), NULL);
}

static void models_are_good_on_rows_never_seen(void **state)
{
    static const struct {
        const char *table;
        const char *intent;
        const char *metric;
        double least;
    } TABLE[] = {
        {"telco_churn.csv", "Predict which customers will leave", "roc_auc", 0.82},
        {"penguins.csv", "Tell the species of a penguin", "accuracy", 0.95},
        {"bike_rentals.csv", "Predict how many bikes are rented in an hour", "r2", 0.6},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        struct build_file file = {data_path(TABLE[i].table), NULL};
        struct error err = {0};
        char *report = NULL;

        assert_true(
            build(f, &file, 1, (struct build_spec){.intent = TABLE[i].intent}, "m", &report, &err));
        assert_true(metric(report, TABLE[i].metric) >= TABLE[i].least);
        assert_false(f->fell);
        assert_int_equal(f->percent, 100);
        assert_true(f->lines > 5 && f->lines < 100);
        f->lines = 0;
        free(report);
    }
}

static char *slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(16 << 20);

    assert_non_null(file);
    *size = fread(data, 1, 16 << 20, file);
    fclose(file);
    return data;
}

static void equal_builds_give_equal_bytes(void **state)
{
    static const char *const NAMES[] = {"one", "two", "three"};
    struct fixture *f = *state;
    struct build_file file = {data_path("telco_churn.csv"), NULL};
    char *data[3];
    size_t size[3];

    for (int i = 0; i < 3; i++) {
        struct build_spec spec = {.intent = "churn", .seed = i == 2 ? 8 : 7, .max_iterations = 2};
        struct error err = {0};
        char *report = NULL;

        assert_true(build(f, &file, 1, spec, NAMES[i], &report, &err));
        free(report);
        data[i] = slurp(folder_path(f->folder, NAMES[i]), &size[i]);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(data[0], data[1], size[0]);
    assert_true(size[0] != size[2] || memcmp(data[0], data[2], size[0]) != 0);
    for (int i = 0; i < 3; i++)
        free(data[i]);
}

static struct value number(double number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static struct value text(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text, .length = strlen(text)};
}

static void predictions_take_values_of_any_form(void **state)
{
    static const struct schema_field OUTPUT[] = {{"churn", "string"}, {"chance", "float"}};
    struct fixture *f = *state;
    struct build_file file = {write_customers(f->folder, "c.csv", 1000), NULL};
    struct build_spec spec = {.intent = "who leaves?", .output = OUTPUT, .output_count = 2};
    struct error err = {0};
    char *report = NULL;
    struct predictor *predictor;
    const struct answer *answers;
    const char *const *classes;
    size_t count;
    size_t at = 99;
    double out[2];
    double same[2];
    struct value row[4] = {{0}};

    assert_true(build(f, &file, 1, spec, "m", &report, &err));
    predictor = predictor_open(folder_path(f->folder, "m"), &err);
    assert_non_null(predictor);
    assert_string_equal(predictor_report(predictor), report);
    free(report);
    assert_non_null(predictor_fields(predictor, &count));
    assert_int_equal(count, 4); /* without the identifier */
    assert_string_equal(predictor_target(predictor), "churn");
    assert_int_equal(predictor_task(predictor), TASK_BINARY);
    assert_int_equal(predictor_outputs(predictor), 2);
    classes = predictor_classes(predictor, &count);
    assert_string_equal(classes[predictor_positive_class(predictor)], "yes");
    answers = predictor_answers(predictor, &count);
    assert_int_equal(count, 2);
    assert_int_equal(answers[0].kind, ANSWER_LABEL);
    assert_int_equal(answers[1].kind, ANSWER_PROBABILITY);
    assert_int_equal(answers[1].class_index, 1);
    assert_true(predictor_field_find(predictor, "plan", 4, &at));
    assert_int_equal(at, 1);
    assert_false(predictor_field_find(predictor, "customer_id", 11, &at));

    row[0] = number(50);
    row[1] = text("gold");
    row[2] = number(24.5);
    row[3] = text("2023-03-05");
    predictor_run(predictor, row, out);
    assert_true(out[1] < 0.2 && fabs(out[0] + out[1] - 1) < 1e-12);
    row[0] = text(" 50 ");
    row[2] = text("24.5");
    row[3] = text("2023-03-05T00:00:00Z");
    predictor_run(predictor, row, same);
    assert_memory_equal(out, same, sizeof out);
    row[0] = text("fifty"); /* no number: missing */
    assert_false(predictor_value_fits(predictor, 0, &row[0]));
    predictor_run(predictor, row, out);
    row[0] = (struct value){.kind = VALUE_MISSING};
    predictor_run(predictor, row, same);
    assert_memory_equal(out, same, sizeof out);
    row[1] = text("platinum");
    assert_false(predictor_category_known(predictor, 1, &row[1]));
    predictor_run(predictor, row, out);
    assert_true(out[0] >= 0 && out[0] <= 1);
    row[1] = text("family");
    assert_true(predictor_category_known(predictor, 1, &row[1]));
    row[0] = number(INFINITY);
    predictor_run(predictor, row, out);
    assert_true(out[1] > 0.8);
    predictor_free(predictor);
}

/* 0 and 1 stay numbers, a declared integer is one, text for numbers are categories. */
static void classes_keep_their_type(void **state)
{
    struct fixture *f = *state;
    struct build_file file = {data_path("telco_churn.csv"), NULL};
    static const struct schema_field INPUT[] = {
        {"tenure", "int"}, {"phone_service", "string"}, {"contract", "string"}};
    struct build_spec spec = {
        .target = "senior_citizen", .input = INPUT, .input_count = 3, .max_iterations = 1};
    struct error err = {0};
    char *report = NULL;
    struct predictor *predictor;
    struct value one = number(1);
    struct value two = text("2");
    size_t count;

    assert_true(build(f, &file, 1, spec, "m", &report, &err));
    free(report);
    predictor = predictor_open(folder_path(f->folder, "m"), &err);
    assert_non_null(predictor);
    assert_int_equal(predictor_target_type(predictor), FIELD_INTEGER);
    assert_string_equal(predictor_classes(predictor, &count)[1], "1");
    assert_int_equal(count, 2);
    assert_int_equal(predictor_positive_class(predictor), 1);
    assert_string_equal(predictor_fields(predictor, &count)[1].name, "phone_service");
    assert_int_equal(count, 3);
    assert_true(predictor_category_known(predictor, 1, &one));
    assert_false(predictor_category_known(predictor, 1, &two));
    predictor_free(predictor);
}

static void files_are_rows_one_after_another(void **state)
{
    struct fixture *f = *state;
    struct build_file files[] = {{write_customers(f->folder, "a.csv", 300), "a.csv"},
                                 {write_customers(f->folder, "b.csv", 200), "b.csv"}};
    struct error err = {0};
    char *json = NULL;

    assert_true(inspect_table(files, 2, 0, &json, &err));
    assert_non_null(strstr(json, "\"rows\":500"));
    assert_non_null(strstr(json, "\"name\":\"signup\",\"type\":\"date\",\"nullable\":false"));
    assert_non_null(strstr(json, "[\"c00000\","));
    free(json);
    files[1].path = data_path("penguins.csv");
    assert_false(inspect_table(files, 2, 0, &json, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
}

static void a_stopped_build_is_cancelled(void **state)
{
    static const int PERCENTS[] = {1, 8, 30, 80, 96};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof PERCENTS / sizeof *PERCENTS; i++) {
        struct build_file file = {write_customers(f->folder, "c.csv", 500), NULL};
        struct error err = {0};
        char *report = NULL;

        f->stop_at = PERCENTS[i];
        assert_false(
            build(f, &file, 1, (struct build_spec){.intent = "churn"}, "m", &report, &err));
        assert_int_equal(err.code, ERROR_CANCELLED);
        assert_null(report);
        assert_null(fopen(folder_path(f->folder, "m"), "rb"));
    }
}

static void a_timeout_delivers_the_best_so_far(void **state)
{
    struct fixture *f = *state;
    struct build_file file = {data_path("bike_rentals.csv"), NULL};
    struct build_spec spec = {.target = "bikers", .timeout_s = 1};
    struct timespec before;
    struct timespec after;
    struct error err = {0};
    char *report = NULL;

    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_true(build(f, &file, 1, spec, "m", &report, &err));
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec <= 3);
    assert_non_null(strstr(report, "\"cut_by_time\":true"));
    assert_true(metric(report, "r2") > 0.5);
    free(report);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, with_folder, without_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(models_are_good_on_rows_never_seen),
        WITH_FOLDER(equal_builds_give_equal_bytes),
        WITH_FOLDER(predictions_take_values_of_any_form),
        WITH_FOLDER(classes_keep_their_type),
        WITH_FOLDER(files_are_rows_one_after_another),
        WITH_FOLDER(a_stopped_build_is_cancelled),
        WITH_FOLDER(a_timeout_delivers_the_best_so_far),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
