/* test_engine_plan.c - the wish and the table tell target, task, metric and columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/train/plan.h"
#include "tests/unit/engine/tables.h"

struct fixture {
    char *folder;
    struct table table; /* telco_churn, bikes, penguins, customers by turns */
    struct watch watch;
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

static void read_table(struct fixture *f, const char *path)
{
    struct build_file file = {path, NULL};
    struct error err = {0};

    watch_init(&f->watch, NULL, 0);
    assert_true(table_read(&f->table, &file, 1, 0, &f->watch, &err));
}

/* Plans and returns the target's name, or NULL with the error. */
static const char *target_of(struct fixture *f, const struct build_spec *spec, struct error *err)
{
    struct plan plan;
    const char *name;

    if (!plan_make(&plan, spec, &f->table, &f->watch, err))
        return NULL;
    name = f->table.columns[plan.target].name;
    plan_clear(&plan);
    return name;
}

static void intents_name_their_target(void **state)
{
    static const struct {
        const char *table;
        const char *intent;
        const char *target; /* NULL: an error */
    } TABLE[] = {
        {"telco_churn.csv", "Predict which customers will leave", "churn"},
        {"telco_churn.csv", "predict churn", "churn"},
        {"telco_churn.csv", "Which clients are about to cancel their contract?", "churn"},
        {"telco_churn.csv", "Estimate the total charges from tenure and contract", "total_charges"},
        {"telco_churn.csv", "predict the Monthly Charges", "monthly_charges"},
        {"telco_churn.csv", "predict the phase of the moon", NULL},
        {"telco_churn.csv", "make a model", "churn"},
        {"telco_churn.csv", "predict charges", NULL},
        {"bike_rentals.csv", "Predict how many bikes are rented in an hour", "bikers"},
        {"penguins.csv", "Tell the species of a penguin from its measurements", "species"},
        {"penguins.csv", "what island is it on", "island"},
        {"penguins.csv", "Estimate the body mass of a penguin", "body_mass_g"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        struct build_spec spec = {.intent = TABLE[i].intent};
        struct error err = {0};
        const char *target;

        read_table(f, data_path(TABLE[i].table));
        target = target_of(f, &spec, &err);
        if (TABLE[i].target == NULL) {
            assert_null(target);
            assert_int_equal(err.code, ERROR_VALIDATION);
            assert_non_null(strstr(err.message, "output_schema"));
        } else {
            assert_non_null(target);
            assert_string_equal(target, TABLE[i].target);
        }
        table_clear(&f->table);
    }
}

static void schemas_and_target_go_before_words(void **state)
{
    static const struct schema_field OUTPUT[] = {{"Contract", "string"}};
    static const struct schema_field PROBABILITY[] = {{"churn_probability", "float"}};
    static const struct schema_field TWO[] = {{"churn", NULL}, {"tenure", NULL}};
    static const struct schema_field STRANGE[] = {{"temperature", "float"}};
    struct fixture *f = *state;
    struct build_spec spec = {.intent = "predict churn", .output = OUTPUT, .output_count = 1};
    struct error err = {0};

    read_table(f, data_path("telco_churn.csv"));
    assert_string_equal(target_of(f, &spec, &err), "contract");
    spec.target = "Tenure";
    assert_string_equal(target_of(f, &spec, &err), "tenure");
    spec.target = "tenuer";
    assert_null(target_of(f, &spec, &err));
    assert_non_null(strstr(err.message, "tenure"));
    spec = (struct build_spec){.output = PROBABILITY, .output_count = 1};
    assert_string_equal(target_of(f, &spec, &err), "churn");
    spec = (struct build_spec){.output = TWO, .output_count = 2};
    assert_null(target_of(f, &spec, &err));
    assert_non_null(strstr(err.message, "two columns"));
    spec = (struct build_spec){.intent = "predict", .output = STRANGE, .output_count = 1};
    assert_null(target_of(f, &spec, &err));
    assert_non_null(strstr(err.message, "which column"));
    table_clear(&f->table);
}

static void tasks_follow_from_targets(void **state)
{
    static const struct {
        const char *table;
        const char *target;
        const char *metric;
        enum task task;
        enum metric chosen;
    } TABLE[] = {
        {"telco_churn.csv", "churn", NULL, TASK_BINARY, METRIC_ROC_AUC},
        {"telco_churn.csv", "senior_citizen", "accuracy", TASK_BINARY, METRIC_ACCURACY},
        {"telco_churn.csv", "monthly_charges", "mae", TASK_REGRESSION, METRIC_MAE},
        {"bike_rentals.csv", "bikers", NULL, TASK_REGRESSION, METRIC_RMSE},
        {"bike_rentals.csv", "season", NULL, TASK_MULTICLASS, METRIC_LOG_LOSS},
        {"bike_rentals.csv", "season", "rmse", TASK_REGRESSION, METRIC_RMSE},
        {"penguins.csv", "species", "f1", TASK_MULTICLASS, METRIC_F1_SCORE},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        struct build_spec spec = {.target = TABLE[i].target, .metric = TABLE[i].metric};
        struct error err = {0};
        struct plan plan;

        read_table(f, data_path(TABLE[i].table));
        assert_true(plan_make(&plan, &spec, &f->table, &f->watch, &err));
        assert_int_equal(plan.task, TABLE[i].task);
        assert_int_equal(plan.metric, TABLE[i].chosen);
        plan_clear(&plan);
        table_clear(&f->table);
    }
}

static void wishes_that_do_not_fit_are_refused(void **state)
{
    static const struct schema_field UNKNOWN[] = {{"agee", "float"}};
    static const struct schema_field TYPE[] = {{"age", "complex"}};
    struct fixture *f = *state;
    struct error err = {0};

    read_table(f, write_customers(f->folder, "customers.csv", 200));
    assert_null(target_of(f, &(struct build_spec){.target = "churn", .metric = "rmse"}, &err));
    assert_null(target_of(f, &(struct build_spec){.target = "churn", .metric = "joy"}, &err));
    assert_non_null(strstr(err.message, "roc_auc"));
    assert_null(target_of(f, &(struct build_spec){.target = "signup"}, &err));
    assert_non_null(strstr(err.message, "date"));
    assert_null(target_of(
        f, &(struct build_spec){.target = "churn", .input = UNKNOWN, .input_count = 1}, &err));
    assert_non_null(strstr(err.message, "nearest is age"));
    assert_null(target_of(
        f, &(struct build_spec){.target = "churn", .input = TYPE, .input_count = 1}, &err));
    assert_null(target_of(f, &(struct build_spec){.target = "customer_id"}, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
    table_clear(&f->table);
}

static void columns_that_tell_nothing_are_left_out(void **state)
{
    static const char HEADER[] = "row_id,same,a,b,copy,note,empty,label\n";
    struct fixture *f = *state;
    struct build_spec spec = {.target = "label"};
    struct error err = {0};
    struct plan plan;
    char text[16384];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", HEADER);

    for (int i = 0; i < 120; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%d,x,%d,%d,%d,text %d,,%d\n",
                                 i * 7 + 5, i % 13, i % 7, i % 13, i, i % 2);
    read_table(f, folder_write(f->folder, "columns.csv", text, used));
    assert_true(plan_make(&plan, &spec, &f->table, &f->watch, &err));
    assert_int_equal(plan.inputs_count, 2);
    assert_int_equal(plan.excluded.count, 5);
    assert_string_equal(f->table.columns[plan.inputs[0].column].name, "a");
    assert_string_equal(f->table.columns[plan.inputs[1].column].name, "b");
    plan_clear(&plan);
    table_clear(&f->table);
}

static void answers_follow_the_output_schema(void **state)
{
    static const struct schema_field OUTPUT[] = {
        {"churn", "string"}, {"likely", "float"}, {"temperature", "float"}};
    struct fixture *f = *state;
    struct build_spec spec = {.intent = "churn", .output = OUTPUT, .output_count = 3};
    struct error err = {0};
    struct plan plan;

    read_table(f, write_customers(f->folder, "customers.csv", 200));
    assert_true(plan_make(&plan, &spec, &f->table, &f->watch, &err));
    assert_int_equal(plan.answers_count, 3);
    assert_int_equal(plan.answers[0].kind, ANSWER_LABEL);
    assert_int_equal(plan.answers[1].kind, ANSWER_PROBABILITY);
    assert_string_equal(plan.classes[plan.positive], "yes");
    assert_int_equal(plan.warnings.count, 1);
    assert_string_equal(plan.warnings.notes[0].column, "temperature");
    plan_clear(&plan);
    table_clear(&f->table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(intents_name_their_target, with_folder, without_folder),
        cmocka_unit_test_setup_teardown(schemas_and_target_go_before_words, with_folder,
                                        without_folder),
        cmocka_unit_test_setup_teardown(tasks_follow_from_targets, with_folder, without_folder),
        cmocka_unit_test_setup_teardown(wishes_that_do_not_fit_are_refused, with_folder,
                                        without_folder),
        cmocka_unit_test_setup_teardown(columns_that_tell_nothing_are_left_out, with_folder,
                                        without_folder),
        cmocka_unit_test_setup_teardown(answers_follow_the_output_schema, with_folder,
                                        without_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
