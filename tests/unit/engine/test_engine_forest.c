/* test_engine_forest.c - raw scores are bit-equal to LightGBM's, whatever the rows hold. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <LightGBM/c_api.h>

#include "engine/train/flatten.h"
#include "engine/train/trees.h"

enum { ROWS = 2000, WIDTH = 8, ASKED = 20000, SCORES_MAX = 4 };

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Columns 6 and 7 are categories, of few and of many levels; holes are rows' missing share. */
static void fill(double *x, size_t rows, unsigned holes, bool wild, uint64_t *state)
{
    static const double ODD[] = {INFINITY, -INFINITY, -1, -0.5, 0.5, 1e300,        -0.0,
                                 1e-36,    62,        63, 64,   127, 2147483648.0, 1e-35};

    for (size_t i = 0; i < rows * WIDTH; i++) {
        size_t column = i % WIDTH;

        x[i] = column == 6   ? (double)(next(state) % 9)
               : column == 7 ? (double)(next(state) % 150)
                             : (double)(next(state) % 2000) / 100 - 10;
        if (column == 5 && next(state) % 3 == 0)
            x[i] = 0;
        if (column % 2 == 0 && next(state) % 100 < holes)
            x[i] = (double)NAN;
        if (wild && next(state) % 10 == 0)
            x[i] = next(state) % 4 == 0 ? (double)NAN : ODD[next(state) % 14];
    }
}

static double target(const double *x, uint64_t *state)
{
    double sum = isnan(x[0]) ? 3 : x[0];

    sum += x[1] * x[3] / 10 + (isnan(x[6]) ? 0 : fmod(x[6] * 7, 5)) + fmod(x[7] * 13, 11) +
           (x[5] == 0 ? 4 : 0);
    return sum + (double)(next(state) % 100) / 50;
}

static void compare(BoosterHandle booster, size_t scores, uint64_t *state)
{
    double *x = malloc(ASKED * WIDTH * sizeof *x);
    double *theirs = malloc(ASKED * SCORES_MAX * sizeof *theirs);
    char *text = malloc(32 << 20);
    int64_t size = 0;
    struct flat flat;
    struct forest forest;
    struct error err = {0};

    fill(x, ASKED, 10, true, state);
    assert_int_equal(LGBM_BoosterPredictForMat(booster, x, C_API_DTYPE_FLOAT64, ASKED, WIDTH, 1,
                                               C_API_PREDICT_RAW_SCORE, 0, -1, "num_threads=1",
                                               &size, theirs),
                     0);
    assert_int_equal(size, ASKED * scores);
    assert_int_equal(LGBM_BoosterSaveModelToString(booster, 0, -1, 0, 32 << 20, &size, text), 0);
    assert_true(flatten_model(text, &flat, &err));
    forest = flat_forest(&flat, scores);
    for (size_t i = 0; i < ASKED; i++) {
        double ours[SCORES_MAX];

        forest_run(&forest, x + i * WIDTH, WIDTH, ours);
        assert_memory_equal(ours, theirs + i * scores, scores * sizeof *ours);
    }
    flat_clear(&flat);
    free(text);
    free(theirs);
    free(x);
}

/* Trains with extra parameters on rows with holes and compares. */
static void train_and_compare(const char *extra, unsigned holes, size_t scores, bool labels)
{
    double *x = malloc(ROWS * WIDTH * sizeof *x);
    float *y = malloc(ROWS * sizeof *y);
    DatasetHandle dataset = NULL;
    BoosterHandle booster = NULL;
    char parameters[512];
    uint64_t state = 7 + holes;
    int finished = 0;

    snprintf(parameters, sizeof parameters,
             "verbosity=-1 num_threads=1 num_leaves=31 min_data_in_leaf=5 min_data_per_group=5 "
             "categorical_feature=6,7 %s",
             extra);
    fill(x, ROWS, holes, false, &state);
    for (size_t i = 0; i < ROWS; i++) {
        double value = target(x + i * WIDTH, &state);

        y[i] =
            labels ? (float)(scores == 1 ? value > 8 : (value > 4) + (value > 10)) : (float)value;
    }
    assert_int_equal(LGBM_DatasetCreateFromMat(x, C_API_DTYPE_FLOAT64, ROWS, WIDTH, 1, parameters,
                                               NULL, &dataset),
                     0);
    assert_int_equal(LGBM_DatasetSetField(dataset, "label", y, ROWS, C_API_DTYPE_FLOAT32), 0);
    assert_int_equal(LGBM_BoosterCreate(dataset, parameters, &booster), 0);
    for (int i = 0; i < 30 && finished == 0; i++)
        assert_int_equal(LGBM_BoosterUpdateOneIter(booster, &finished), 0);
    compare(booster, scores, &state);
    LGBM_BoosterFree(booster);
    LGBM_DatasetFree(dataset);
    free(x);
    free(y);
}

static void a_quantity(void **state)
{
    (void)state;
    train_and_compare("objective=regression", 0, 1, false);
    train_and_compare("objective=regression", 20, 1, false);
}

static void zero_as_missing(void **state)
{
    (void)state;
    train_and_compare("objective=regression zero_as_missing=true", 20, 1, false);
}

static void missing_not_used(void **state)
{
    (void)state;
    train_and_compare("objective=regression use_missing=false", 20, 1, false);
}

static void two_classes(void **state)
{
    (void)state;
    train_and_compare("objective=binary extra_trees=true", 20, 1, true);
}

static void three_classes(void **state)
{
    (void)state;
    train_and_compare("objective=multiclass num_class=3", 20, 3, true);
}

static void trees_of_a_single_leaf(void **state)
{
    (void)state;
    train_and_compare("objective=binary min_gain_to_split=1e30", 0, 1, true);
    train_and_compare("objective=multiclass num_class=3 min_gain_to_split=1e30", 0, 3, true);
}

static void other_texts_are_no_models(void **state)
{
    static const char *const TEXTS[] = {
        "", "tree\nversion=v3\n\nTree=0\nend of trees\n", "tree\nversion=v4\n\nTree=0\n",
        "tree\nversion=v4\n\nTree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 0\nthreshold=1 2\n"
        "decision_type=2 2\nleft_child=1 -1\nright_child=9 -2\nleaf_value=1 2 3\n\nend of trees\n",
        "tree\nversion=v4\n\nTree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 0\nthreshold=1 2\n"
        "decision_type=2 2\nleft_child=0 -1\nright_child=0 -2\nleaf_value=1 2 3\n\nend of trees\n"};
    struct flat flat;

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        struct error err = {0};

        assert_false(flatten_model(TEXTS[i], &flat, &err));
        assert_int_equal(err.code, ERROR_INTERNAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantity),
        cmocka_unit_test(zero_as_missing),
        cmocka_unit_test(missing_not_used),
        cmocka_unit_test(two_classes),
        cmocka_unit_test(three_classes),
        cmocka_unit_test(trees_of_a_single_leaf),
        cmocka_unit_test(other_texts_are_no_models),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
