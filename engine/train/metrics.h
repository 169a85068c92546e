/*
 * metrics.h - how good predictions are. Pure; any thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_METRICS_H
#define TRAINYARD_ENGINE_TRAIN_METRICS_H

#include "engine/predict/predictor.h"

enum metric {
    METRIC_ROC_AUC,
    METRIC_ACCURACY,
    METRIC_F1_SCORE,
    METRIC_PRECISION,
    METRIC_RECALL,
    METRIC_LOG_LOSS,
    METRIC_RMSE,
    METRIC_MAE,
    METRIC_R2,
    METRICS
};

/* Results by metric; NaN where one means nothing for the task or the rows. */
struct metrics {
    double value[METRICS];
};

/* The name in reports: roc_auc, f1_score ... */
const char *metric_name(enum metric metric);

/* Finds a metric by its name or a usual other one (auc, mse, logloss, R^2). */
bool metric_find(const char *name, enum metric *metric);

/* Whether it measures a task of this kind. */
bool metric_fits(enum metric metric, enum task task);

/* Whether less is better. */
bool metric_is_loss(enum metric metric);

/*
 * Measures count predictions. truth: class numbers or values. predicted: outputs numbers a row as
 * predictor_run() gives them. Precision, recall and F1 are those of the positive class, or the
 * mean over classes weighed alike; ROC AUC of many classes is the mean of one against the rest.
 * ERROR_NO_MEMORY.
 */
MUST_CHECK bool metrics_measure(enum task task, size_t outputs, size_t positive,
                                const double *truth, const double *predicted, size_t count,
                                struct metrics *metrics, struct error *err);

#endif
