/* test_engine_metrics.c - metrics agree with values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/train/metrics.h"

static void assert_near(double is, double should)
{
    assert_true(fabs(is - should) < 1e-9);
}

static void two_classes(void **state)
{
    static const double TRUTH[] = {0, 0, 1, 1, 1};
    static const double PREDICTED[] = {.9, .1, .4, .6, .6, .4, .4, .6, .2, .8};
    struct metrics m;
    struct error err = {0};

    (void)state;
    assert_true(metrics_measure(TASK_BINARY, 2, 1, TRUTH, PREDICTED, 5, &m, &err));
    assert_near(m.value[METRIC_ACCURACY], 0.6);
    assert_near(m.value[METRIC_PRECISION], 2.0 / 3);
    assert_near(m.value[METRIC_RECALL], 2.0 / 3);
    assert_near(m.value[METRIC_F1_SCORE], 2.0 / 3);
    assert_near(m.value[METRIC_ROC_AUC], (3 + 1 + 0.5) / 6);
    assert_near(m.value[METRIC_LOG_LOSS], -(log(.9) + log(.4) + log(.4) + log(.6) + log(.8)) / 5);
    assert_true(isnan(m.value[METRIC_RMSE]));
}

static void a_quantity(void **state)
{
    static const double TRUTH[] = {1, 2, 3};
    static const double PREDICTED[] = {1, 2, 6};
    struct metrics m;
    struct error err = {0};

    (void)state;
    assert_true(metrics_measure(TASK_REGRESSION, 1, 0, TRUTH, PREDICTED, 3, &m, &err));
    assert_near(m.value[METRIC_RMSE], sqrt(3));
    assert_near(m.value[METRIC_MAE], 1);
    assert_near(m.value[METRIC_R2], 1 - 9.0 / 2);
}

static void one_class_only_has_no_auc(void **state)
{
    static const double TRUTH[] = {1, 1};
    static const double PREDICTED[] = {.5, .5, .2, .8};
    struct metrics m;
    struct error err = {0};

    (void)state;
    assert_true(metrics_measure(TASK_BINARY, 2, 1, TRUTH, PREDICTED, 2, &m, &err));
    assert_true(isnan(m.value[METRIC_ROC_AUC]));
}

static void names_have_other_forms(void **state)
{
    enum metric metric;

    (void)state;
    assert_true(metric_find("AUC", &metric) && metric == METRIC_ROC_AUC);
    assert_true(metric_find("R^2", &metric) && metric == METRIC_R2);
    assert_true(metric_find("logloss", &metric) && metric == METRIC_LOG_LOSS);
    assert_false(metric_find("beauty", &metric));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_classes),
        cmocka_unit_test(a_quantity),
        cmocka_unit_test(one_class_only_has_no_auc),
        cmocka_unit_test(names_have_other_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
