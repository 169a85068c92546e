/* test_engine_base.c - a retrain keeps to the columns of the version it goes on from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/train/base.h"
#include "tests/unit/engine/tables.h"

static const struct schema_field INPUT[] = {{"size", "integer"},
                                            {"price", "float"},
                                            {"kind", "string"},
                                            {"when", "date"},
                                            {"new", "boolean"}};

static const struct build_base BASE = {.version = 3,
                                       .intent = "predict y",
                                       .target = "y",
                                       .task = "binary",
                                       .input = INPUT,
                                       .input_count = sizeof INPUT / sizeof *INPUT};

struct said {
    char warnings[2000];
    char infos[2000];
};

static void hear(void *context, enum build_level level, const char *message)
{
    struct said *said = context;
    char *text = level == BUILD_WARNING ? said->warnings : said->infos;

    snprintf(text + strlen(text), 2000 - strlen(text), "%s\n", message);
}

/* A table of 40 rows whose cells are made by cell, row for row. */
static void read_rows(const char *folder, const char *header, const char *even, const char *odd,
                      struct table *table)
{
    char text[8192];
    size_t used = (size_t)snprintf(text, sizeof text, "%s\n", header);
    struct build_file file = {0};
    struct watch watch;
    struct error err = {0};

    for (int row = 0; row < 40; row++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", row % 2 ? odd : even);
    file.path = folder_write(folder, "rows.csv", text, used);
    watch_init(&watch, NULL, 0);
    assert_true(table_read(table, &file, 1, 0, &watch, &err));
}

static bool check(const struct table *table, const struct build_spec *spec, struct said *said,
                  struct error *err)
{
    struct build_watch outer = {.context = said, .log = hear};
    struct watch watch;

    memset(said, 0, sizeof *said);
    watch_init(&watch, &outer, 0);
    return base_check(spec, table, &watch, err);
}

static void columns_and_types_are_compared(void **state)
{
    static const struct {
        const char *header, *even, *odd;
        const char *problem; /* NULL: it fits */
        const char *warning; /* NULL: none */
    } TABLE[] = {
        {"size,price,kind,when,new,y", "1,2.5,a,2024-01-02,true,yes", "2,1,b,2024-01-03,false,no",
         NULL, NULL},
        /* in any order, in any case, numbers of either kind */
        {"Y,New,When,Kind,Price,Size", "yes,1,2024-01-02,a,2,1.5", "no,0,2024-01-03,b,1,2", NULL,
         NULL},
        /* texts that look like numbers now are texts all the same */
        {"size,price,kind,when,new,y", "1,2.5,7,2024-01-02,true,yes", "2,1,8,2024-01-03,false,no",
         NULL, "column kind is integer now"},
        {"size,price,kind,when,new,y,more,extra", "1,2.5,a,2024-01-02,true,yes,1,2",
         "2,1,b,2024-01-03,false,no,3,4", NULL, "column extra is new"},
        {"size,price,kind,when,new,y", ",2.5,a,2024-01-02,true,yes", ",1,b,2024-01-03,false,no",
         NULL, NULL},
        {"price,when,new,y", "2.5,2024-01-02,true,yes", "1,2024-01-03,false,no",
         "lacks columns that v3.0 looks at: size, kind;", NULL},
        {"size,price,kind,when,new", "1,2.5,a,2024-01-02,true", "2,1,b,2024-01-03,false",
         "lacks the column y, which v3.0 predicts", NULL},
        {"size,price,kind,when,new,y", "big,2.5,a,2024-01-02,true,yes", "2,1,b,2024-01-03,false,no",
         "size (string, was integer)", NULL},
        {"size,price,kind,when,new,y", "1,cheap,a,7,2,yes", "2,1,b,8,3,no",
         "price (string, was float), when (integer, was date), new (integer, was boolean)", NULL},
    };
    const struct build_spec spec = {.intent = "predict y", .base = &BASE};
    char *folder = folder_new();

    (void)state;
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        struct table table;
        struct error err = {0};
        struct said said;
        bool ok;

        read_rows(folder, TABLE[i].header, TABLE[i].even, TABLE[i].odd, &table);
        ok = check(&table, &spec, &said, &err);
        if (ok != (TABLE[i].problem == NULL))
            fail_msg("case %zu: %s", i, err.message);
        if (!ok) {
            assert_int_equal(err.code, ERROR_VALIDATION);
            if (strstr(err.message, TABLE[i].problem) == NULL)
                fail_msg("case %zu: %s", i, err.message);
        }
        if (TABLE[i].warning != NULL)
            assert_non_null(strstr(said.warnings, TABLE[i].warning));
        else if (ok)
            assert_string_equal(said.warnings, "");
        table_clear(&table);
    }
    folder_free(folder);
}

static void many_missing_columns_are_counted(void **state)
{
    struct schema_field input[60];
    char names[60][40];
    struct build_base base = {
        .version = 1, .target = "y", .task = "binary", .input = input, .input_count = 60};
    const struct build_spec spec = {.base = &base};
    struct table table;
    struct error err = {0};
    struct said said;
    char *folder = folder_new();

    (void)state;
    for (int i = 0; i < 60; i++) {
        snprintf(names[i], sizeof names[i], "a_long_column_name_%d", i);
        input[i] = (struct schema_field){names[i], "float"};
    }
    read_rows(folder, "a,y", "1,yes", "2,no", &table);
    assert_false(check(&table, &spec, &said, &err));
    assert_non_null(strstr(err.message, "a_long_column_name_0, a_long_column_name_1"));
    assert_non_null(strstr(err.message, " more; add them"));
    table_clear(&table);
    folder_free(folder);
}

static void the_task_stays(void **state)
{
    static const struct {
        const char *task, *even, *odd;
        bool fits;
    } TABLE[] = {
        {"binary", "1,yes", "2,no", true},
        {"multiclass", "1,yes", "2,no", true}, /* a class less, which is told */
        {"regression", "1,yes", "2,no", false},
    };
    static const struct schema_field X[] = {{"x", "integer"}};
    char *folder = folder_new();

    (void)state;
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        struct build_base base = {
            .version = 1, .target = "y", .task = TABLE[i].task, .input = X, .input_count = 1};
        const struct build_spec spec = {
            .intent = "x", .base = &base, .target = "y", .input = X, .input_count = 1};
        struct table table;
        struct error err = {0};
        struct watch watch;
        struct plan plan;

        read_rows(folder, "x,y", TABLE[i].even, TABLE[i].odd, &table);
        watch_init(&watch, NULL, 0);
        assert_int_equal(plan_make(&plan, &spec, &table, &watch, &err), TABLE[i].fits);
        if (TABLE[i].fits) {
            assert_int_equal(plan.warnings.count, strcmp(TABLE[i].task, "binary") == 0 ? 0 : 1);
            assert_string_equal(plan.target_reason, "v1.0 predicts it");
            plan_clear(&plan);
        } else {
            assert_non_null(strstr(err.message, "is a class in this data"));
        }
        table_clear(&table);
    }
    folder_free(folder);
}

static void a_goal_that_speaks_of_another_column_is_doubted(void **state)
{
    static const struct schema_field X[] = {{"price", "integer"}};
    struct build_base base = {.version = 1,
                              .intent = "predict y",
                              .target = "y",
                              .task = "binary",
                              .input = X,
                              .input_count = 1};
    static const struct {
        const char *goal;
        size_t warnings;
    } TABLE[] = {{"predict y", 0},
                 {"better than ever", 0},
                 {"predict y with care", 0},
                 {"predict the price", 1}};
    struct table table;
    char *folder = folder_new();

    (void)state;
    read_rows(folder, "price,y", "1,yes", "2,no", &table);
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        const struct build_spec spec = {
            .intent = TABLE[i].goal, .base = &base, .target = "y", .input = X, .input_count = 1};
        struct error err = {0};
        struct watch watch;
        struct plan plan;

        watch_init(&watch, NULL, 0);
        assert_true(plan_make(&plan, &spec, &table, &watch, &err));
        assert_int_equal(plan.warnings.count, TABLE[i].warnings);
        assert_string_equal(table.columns[plan.target].name, "y");
        plan_clear(&plan);
    }
    table_clear(&table);
    folder_free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_and_types_are_compared),
        cmocka_unit_test(many_missing_columns_are_counted),
        cmocka_unit_test(the_task_stays),
        cmocka_unit_test(a_goal_that_speaks_of_another_column_is_doubted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
