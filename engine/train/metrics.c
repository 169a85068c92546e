/* metrics.c - see metrics.h. */
#include "engine/train/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "engine/train/words.h"

static const struct {
    const char *name;
    const char *others[4];
    bool regression;
    bool loss;
} METRIC[METRICS] = {
    [METRIC_ROC_AUC] = {"roc_auc", {"auc", "rocauc", "auroc"}, false, false},
    [METRIC_ACCURACY] = {"accuracy", {"acc"}, false, false},
    [METRIC_F1_SCORE] = {"f1_score", {"f1", "f1_macro"}, false, false},
    [METRIC_PRECISION] = {"precision", {0}, false, false},
    [METRIC_RECALL] = {"recall", {"sensitivity"}, false, false},
    [METRIC_LOG_LOSS] = {"log_loss", {"cross_entropy", "crossentropy"}, false, true},
    [METRIC_RMSE] = {"rmse", {"mse", "root_mean_squared_error", "mean_squared_error"}, true, true},
    [METRIC_MAE] = {"mae", {"mean_absolute_error"}, true, true},
    [METRIC_R2] = {"r2", {"r2_score", "r^2", "r squared"}, true, false},
};

const char *metric_name(enum metric metric)
{
    return METRIC[metric].name;
}

bool metric_find(const char *name, enum metric *metric)
{
    for (int i = 0; i < METRICS; i++) {
        bool found = names_equal(name, METRIC[i].name);

        for (int j = 0; j < 4 && METRIC[i].others[j] != NULL; j++)
            found |= names_equal(name, METRIC[i].others[j]);
        if (found) {
            *metric = (enum metric)i;
            return true;
        }
    }
    return false;
}

bool metric_fits(enum metric metric, enum task task)
{
    return METRIC[metric].regression == (task == TASK_REGRESSION);
}

bool metric_is_loss(enum metric metric)
{
    return METRIC[metric].loss;
}

static void measure_regression(const double *truth, const double *predicted, size_t count,
                               double *value)
{
    double mean = 0;
    double squares = 0;
    double absolute = 0;
    double spread = 0;

    for (size_t i = 0; i < count; i++)
        mean += truth[i] / (double)count;
    for (size_t i = 0; i < count; i++) {
        double error = predicted[i] - truth[i];

        squares += error * error;
        absolute += fabs(error);
        spread += (truth[i] - mean) * (truth[i] - mean);
    }
    value[METRIC_RMSE] = sqrt(squares / (double)count);
    value[METRIC_MAE] = absolute / (double)count;
    value[METRIC_R2] = spread > 0 ? 1.0 - squares / spread : (double)NAN;
}

struct scored {
    double score;
    bool positive;
};

static int compare_scored(const void *left, const void *right)
{
    double a = ((const struct scored *)left)->score;
    double b = ((const struct scored *)right)->score;

    return (a > b) - (a < b);
}

/* The share of pairs (positive, other) in the right order, ties half; NaN without both. */
static double roc_auc(struct scored *rows, size_t count)
{
    double below = 0;
    double right = 0;
    double positives = 0;

    qsort(rows, count, sizeof *rows, compare_scored);
    for (size_t i = 0; i < count;) {
        double ties[2] = {0};
        size_t end = i;

        while (end < count && rows[end].score == rows[i].score)
            ties[rows[end++].positive ? 1 : 0]++;
        right += ties[1] * (below + ties[0] / 2);
        below += ties[0];
        positives += ties[1];
        i = end;
    }
    return below > 0 && positives > 0 ? right / (below * positives) : (double)NAN;
}

static double class_auc(const double *truth, const double *predicted, size_t outputs, size_t class,
                        size_t count, struct scored *rows)
{
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct scored){predicted[i * outputs + class], truth[i] == (double)class};
    return roc_auc(rows, count);
}

static size_t most_likely(const double *predicted, size_t outputs)
{
    size_t best = 0;

    for (size_t i = 1; i < outputs; i++)
        if (predicted[i] > predicted[best])
            best = i;
    return best;
}

/* hits, found (predicted so) and there (are so), three numbers a class. */
static void count_classes(const double *truth, const double *predicted, size_t outputs,
                          size_t count, double *table, double *value)
{
    double right = 0;
    double loss = 0;

    for (size_t i = 0; i < count; i++) {
        size_t is = (size_t)truth[i];
        size_t said = most_likely(predicted + i * outputs, outputs);
        double p = predicted[i * outputs + is];

        loss -= log(p > 1e-15 ? p : 1e-15);
        right += is == said;
        table[is * 3] += is == said;
        table[said * 3 + 1]++;
        table[is * 3 + 2]++;
    }
    value[METRIC_ACCURACY] = right / (double)count;
    value[METRIC_LOG_LOSS] = loss / (double)count;
}

/* Precision, recall and F1 of the classes from first to last, each weighing the same. */
static void measure_hits(const double *table, size_t first, size_t last, double *value)
{
    double n = (double)(last - first + 1);

    value[METRIC_PRECISION] = value[METRIC_RECALL] = value[METRIC_F1_SCORE] = 0;
    for (size_t class = first; class <= last; class ++) {
        const double *row = table + class * 3;
        double precision = row[1] > 0 ? row[0] / row[1] : 0;
        double recall = row[2] > 0 ? row[0] / row[2] : 0;

        value[METRIC_PRECISION] += precision / n;
        value[METRIC_RECALL] += recall / n;
        if (precision + recall > 0)
            value[METRIC_F1_SCORE] += 2 * precision * recall / (precision + recall) / n;
    }
}

bool metrics_measure(enum task task, size_t outputs, size_t positive, const double *truth,
                     const double *predicted, size_t count, struct metrics *metrics,
                     struct error *err)
{
    double *table = NULL;
    struct scored *rows = NULL;
    double sum = 0;
    double classes = 0;
    bool ok = false;

    for (int i = 0; i < METRICS; i++)
        metrics->value[i] = (double)NAN;
    if (task == TASK_REGRESSION) {
        measure_regression(truth, predicted, count, metrics->value);
        return true;
    }
    table = calloc(outputs * 3, sizeof *table);
    rows = malloc((count + 1) * sizeof *rows);
    if (table == NULL || rows == NULL) {
        error_no_memory(err);
        goto cleanup;
    }
    count_classes(truth, predicted, outputs, count, table, metrics->value);
    if (task == TASK_BINARY) {
        measure_hits(table, positive, positive, metrics->value);
        metrics->value[METRIC_ROC_AUC] =
            class_auc(truth, predicted, outputs, positive, count, rows);
        ok = true;
        goto cleanup;
    }
    measure_hits(table, 0, outputs - 1, metrics->value);
    for (size_t class = 0; class < outputs; class ++) {
        double auc = class_auc(truth, predicted, outputs, class, count, rows);

        sum += isnan(auc) ? 0 : auc;
        classes += isnan(auc) ? 0 : 1;
    }
    metrics->value[METRIC_ROC_AUC] = classes > 0 ? sum / classes : (double)NAN;
    ok = true;

cleanup:
    free(table);
    free(rows);
    return ok;
}
