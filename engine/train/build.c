/* build.c - see build.h. */
#include "engine/train/build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/train/base.h"
#include "engine/train/flatten.h"
#include "engine/train/report.h"
#include "engine/train/write.h"

enum { IMPORTANT = 5, SHORT = 200 };

/* Everything that a build makes on its way, in the order it is made. */
struct build {
    const struct build_spec *spec;
    struct watch watch;
    struct table table;
    struct plan plan;
    struct split split;
    struct features features;
    double *matrix; /* training, validation and test rows */
    float *labels;
    double *truth; /* of the test rows */
    struct search search;
    struct flat flat;
    struct metrics metrics;
    struct metrics baseline;
    double *importance;
    size_t *order;
    struct text report;
};

static void build_clear(struct build *build)
{
    text_clear(&build->report);
    free(build->importance);
    free(build->order);
    flat_clear(&build->flat);
    search_clear(&build->search);
    free(build->truth);
    free(build->labels);
    free(build->matrix);
    features_clear(&build->features);
    split_clear(&build->split);
    plan_clear(&build->plan);
    table_clear(&build->table);
}

static bool read_table(struct build *build, struct error *err)
{
    const struct build_spec *spec = build->spec;

    watch_progress(&build->watch, 1, "reading");
    if (!table_read(&build->table, spec->files, spec->files_count, spec->memory_bytes,
                    &build->watch, err))
        return false;
    watch_log(&build->watch, BUILD_INFO, "read %zu rows and %zu columns (%s)", build->table.rows,
              build->table.columns_count, build->table.format);
    watch_progress(&build->watch, 8, "planning");
    return watch_go_on(&build->watch, err);
}

static bool check_memory(const struct build *build, struct error *err)
{
    size_t memory_bytes = build->spec->memory_bytes;
    size_t need = build->plan.known * build->features.features_count * (sizeof(double) + 2);

    if (memory_bytes == 0 || need <= memory_bytes / 2)
        return true;
    return error_set(err, ERROR_TOO_LARGE,
                     "training on %zu rows and %zu features needs about %zu MB, %zu MB are "
                     "allowed: send fewer rows or columns",
                     build->plan.known, build->features.features_count, need >> 19,
                     memory_bytes >> 20);
}

static bool make_features(struct build *build, struct error *err)
{
    struct split *split = &build->split;
    size_t shown;
    size_t all;

    if (!split_make(split, &build->plan, build->spec->seed, err))
        return false;
    shown = split->train + split->validation;
    all = shown + split->test;
    watch_log(&build->watch, BUILD_INFO,
              "rows: %zu to train, %zu to choose by, %zu sealed to measure by", split->train,
              split->validation, split->test);
    if (!features_fit(&build->features, &build->plan, split->rows, shown, err) ||
        !check_memory(build, err))
        return false;
    if (all < SHORT &&
        !plan_note(&build->plan.warnings, err, build->table.columns[build->plan.target].name,
                   "%zu rows are few: the metrics are rough", all))
        return false;
    watch_log(&build->watch, BUILD_INFO, "%zu features of %zu columns",
              build->features.features_count, build->plan.inputs_count);
    build->matrix = features_encode(&build->features, &build->plan, split->rows, all, err);
    build->labels = malloc((shown + 1) * sizeof *build->labels);
    build->truth = malloc((split->test + 1) * sizeof *build->truth);
    if (build->matrix == NULL)
        return false;
    if (build->labels == NULL || build->truth == NULL)
        return error_no_memory(err);
    for (size_t i = 0; i < shown; i++)
        build->labels[i] = (float)build->plan.truth[split->rows[i]];
    for (size_t i = 0; i < split->test; i++)
        build->truth[i] = build->plan.truth[split->rows[shown + i]];
    watch_progress(&build->watch, 15, "training");
    return watch_go_on(&build->watch, err);
}

static bool train(struct build *build, struct error *err)
{
    struct trees_data data = {.features = &build->features,
                              .matrix = build->matrix,
                              .labels = build->labels,
                              .train = build->split.train,
                              .validation = build->split.validation,
                              .task = build->plan.task,
                              .classes = build->plan.classes_count,
                              .metric = build->plan.metric,
                              .seed = build->spec->seed};
    char *text;
    bool ok;

    if (!search_run(&build->search, &data, build->spec->max_iterations, &build->watch, err))
        return false;
    text = trees_text(&build->search.best, err);
    ok = text != NULL && flatten_model(text, &build->flat, err);
    free(text);
    return ok;
}

static size_t outputs(const struct plan *plan)
{
    return plan->task == TASK_REGRESSION ? 1 : plan->classes_count;
}

/* What always guessing the training rows' shares (or their mean) gives. */
static void predict_baseline(const struct build *build, double *row)
{
    size_t shown = build->split.train + build->split.validation;

    for (size_t i = 0; i < outputs(&build->plan); i++)
        row[i] = 0;
    for (size_t i = 0; i < shown; i++) {
        if (build->plan.task == TASK_REGRESSION)
            row[0] += build->plan.truth[build->split.rows[i]] / (double)shown;
        else
            row[(size_t)build->labels[i]] += 1.0 / (double)shown;
    }
}

static bool measure_rows(struct build *build, double *predicted, struct metrics *metrics,
                         struct error *err)
{
    return metrics_measure(build->plan.task, outputs(&build->plan), build->plan.positive,
                           build->truth, predicted, build->split.test, metrics, err);
}

/* Measures the finished trees, as they will serve, on the sealed rows. */
static bool measure(struct build *build, struct error *err)
{
    const struct plan *plan = &build->plan;
    size_t width = outputs(plan);
    size_t scores = plan->task == TASK_MULTICLASS ? width : 1;
    struct forest forest = flat_forest(&build->flat, scores);
    size_t first = build->split.train + build->split.validation;
    size_t features = build->features.features_count;
    double *predicted = malloc((build->split.test + 1) * width * sizeof *predicted);
    bool ok = predicted != NULL || error_no_memory(err);

    watch_progress(&build->watch, 93, "measuring");
    for (size_t i = 0; ok && i < build->split.test; i++) {
        double *row = predicted + i * width;

        forest_run(&forest, build->matrix + (first + i) * features, features, row);
        forest_link(plan->task, scores, row);
    }
    ok = ok && measure_rows(build, predicted, &build->metrics, err);
    if (ok) {
        predict_baseline(build, predicted);
        for (size_t i = 1; i < build->split.test; i++)
            memcpy(predicted + i * width, predicted, width * sizeof *predicted);
        ok = measure_rows(build, predicted, &build->baseline, err);
    }
    free(predicted);
    return ok;
}

/* Shares of the gains by input, and their order. */
static bool weigh_inputs(struct build *build, struct error *err)
{
    size_t count = build->plan.inputs_count;
    double *gains = calloc(build->features.features_count + 1, sizeof *gains);
    double sum = 0;
    bool ok;

    build->importance = calloc(count + 1, sizeof *build->importance);
    build->order = calloc(count + 1, sizeof *build->order);
    ok = gains != NULL && build->importance != NULL && build->order != NULL;
    ok = ok ? trees_importance(&build->search.best, gains, err) : error_no_memory(err);
    for (size_t i = 0; ok && i < build->features.features_count; i++) {
        build->importance[build->features.features[i].field] += gains[i];
        sum += gains[i];
    }
    for (size_t i = 0; ok && i < count; i++) {
        size_t at = i;

        build->importance[i] = sum > 0 ? build->importance[i] / sum : 0;
        for (; at > 0 && build->importance[build->order[at - 1]] < build->importance[i]; at--)
            build->order[at] = build->order[at - 1];
        build->order[at] = i;
    }
    free(gains);
    return ok;
}

static bool worse_than_baseline(const struct build *build)
{
    double model = build->metrics.value[build->plan.metric];
    double baseline = build->baseline.value[build->plan.metric];

    return metric_is_loss(build->plan.metric) ? model >= baseline : model <= baseline;
}

static bool judge(struct build *build, struct error *err)
{
    const struct plan *plan = &build->plan;
    struct text line = {0};

    for (int i = 0; i < METRICS; i++)
        if (metric_fits((enum metric)i, plan->task) && isfinite(build->metrics.value[i]))
            text_printf(&line, "%s%s %.4g", line.length == 0 ? "" : ", ",
                        metric_name((enum metric)i), build->metrics.value[i]);
    watch_log(&build->watch, BUILD_INFO, "on the sealed rows: %s",
              line.data == NULL ? "nothing could be measured" : line.data);
    text_clear(&line);
    for (size_t i = 0; i < plan->inputs_count && i < IMPORTANT; i++)
        if (build->importance[build->order[i]] > 0)
            text_printf(&line, "%s%s (%.0f %%)", line.length == 0 ? "" : ", ",
                        build->table.columns[plan->inputs[build->order[i]].column].name,
                        build->importance[build->order[i]] * 100);
    watch_log(&build->watch, BUILD_INFO, "what mattered most: %s",
              line.data == NULL ? "nothing" : line.data);
    text_clear(&line);
    if (!worse_than_baseline(build))
        return true;
    watch_log(&build->watch, BUILD_WARNING,
              "the model is no better than always guessing the same: the columns say little "
              "about %s",
              build->table.columns[plan->target].name);
    return plan_note(&build->plan.warnings, err, build->table.columns[plan->target].name,
                     "the model is no better than always guessing the same");
}

static bool finish(struct build *build, const char *path, struct error *err)
{
    struct report report = {.spec = build->spec,
                            .plan = &build->plan,
                            .split = &build->split,
                            .features = &build->features,
                            .search = &build->search,
                            .metrics = &build->metrics,
                            .baseline = &build->baseline,
                            .importance = build->importance,
                            .order = build->order,
                            .rounds = build->search.best.rounds};

    if (!report_write(&report, &build->report, err))
        return false;
    watch_progress(&build->watch, 96, "writing");
    if (!watch_go_on(&build->watch, err) ||
        !artifact_write(&build->plan, &build->features, &build->flat, build->report.data, path,
                        err))
        return false;
    watch_progress(&build->watch, 100, "done");
    return true;
}

bool build_model(const struct build_spec *spec, const struct build_watch *watch,
                 const char *artifact_path, char **report, struct error *err)
{
    struct build_spec kept = *spec;
    struct build build = {.spec = &kept};
    bool ok;

    *report = NULL;
    if (spec->base != NULL) {
        kept.target = spec->base->target;
        kept.input = spec->base->input;
        kept.input_count = spec->base->input_count;
    }
    spec = &kept;
    watch_init(&build.watch, watch, spec->timeout_s);
    watch_progress(&build.watch, 0, "reading");
    ok = watch_go_on(&build.watch, err) && read_table(&build, err) &&
         base_check(spec, &build.table, &build.watch, err) &&
         plan_make(&build.plan, spec, &build.table, &build.watch, err) &&
         make_features(&build, err) && train(&build, err) && measure(&build, err) &&
         weigh_inputs(&build, err) && judge(&build, err) && finish(&build, artifact_path, err);
    if (ok) {
        *report = build.report.data;
        build.report = (struct text){0};
    }
    build_clear(&build);
    return ok;
}
