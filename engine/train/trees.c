/* trees.c - see trees.h. */
#include "engine/train/trees.h"

#include <LightGBM/c_api.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 60, SMOOTH_ROUNDS = 400 };

static const double GAIN_LEAST = 0.002; /* of the loss: falling by less is standing still */

const struct trees_config TREES_CONFIGS[] = {
    {"balanced trees", 0.05, 31, 20, 0.9, 0.9, false, 0.0},
    {"small trees", 0.05, 8, 20, 0.7, 0.8, false, 0.5},
    {"random thresholds", 0.06, 31, 10, 0.8, 0.9, true, 0.1},
    {"large trees", 0.03, 63, 12, 0.7, 0.8, false, 1.0},
};
const size_t TREES_CONFIGS_COUNT = sizeof TREES_CONFIGS / sizeof *TREES_CONFIGS;

static void ignore_log(const char *message)
{
    (void)message;
}

static bool failed(struct error *err)
{
    const char *message = LGBM_GetLastError();

    if (strstr(message, "bad_alloc") != NULL || strstr(message, "bad alloc") != NULL)
        error_no_memory(err);
    else
        error_set(err, ERROR_INTERNAL, "the training of the trees failed");
    return error_detail(err, "lightgbm: %.200s", message);
}

static void add_objective(struct text *text, const struct trees_data *data)
{
    if (data->task == TASK_BINARY)
        text_printf(text, "objective=binary metric=binary_logloss ");
    else if (data->task == TASK_MULTICLASS)
        text_printf(text, "objective=multiclass num_class=%zu metric=multi_logloss ",
                    data->classes);
    else if (data->metric == METRIC_MAE)
        text_printf(text, "objective=regression_l1 metric=l1 ");
    else
        text_printf(text, "objective=regression metric=rmse ");
}

/* Everything that LightGBM is told, also what would be its default, so that models stay equal. */
static void add_parameters(struct text *text, const struct trees_data *data,
                           const struct trees_config *config)
{
    int leaf_rows = (int)(data->train / 40);
    const char *comma = "";

    leaf_rows = leaf_rows < 2 ? 2 : leaf_rows > config->leaf_rows ? config->leaf_rows : leaf_rows;
    add_objective(text, data);
    text_printf(text,
                "verbosity=-1 num_threads=1 deterministic=true force_row_wise=true seed=%d "
                "boosting=gbdt learning_rate=%g num_leaves=%d min_data_in_leaf=%d "
                "feature_fraction=%g bagging_fraction=%g bagging_freq=1 extra_trees=%s "
                "lambda_l2=%g max_bin=255 min_data_in_bin=3 cat_smooth=10 cat_l2=10 "
                "max_cat_to_onehot=4 min_data_per_group=%d feature_pre_filter=false "
                "zero_as_missing=false linear_tree=false ",
                (int)(data->seed & 0x7fffffff), config->learning_rate, config->leaves, leaf_rows,
                config->features_share, config->rows_share, config->extra ? "true" : "false",
                config->l2, data->train < 5000 ? 20 : 100);
    text_printf(text, "categorical_feature=");
    for (size_t i = 0; i < data->features->features_count; i++) {
        if (data->features->features[i].kind == FEATURE_CATEGORY) {
            text_printf(text, "%s%zu", comma, i);
            comma = ",";
        }
    }
}

static bool make_dataset(const struct trees_data *data, size_t first, size_t count,
                         const char *parameters, const void *reference, void **dataset,
                         struct error *err)
{
    size_t width = data->features->features_count;

    if (LGBM_DatasetCreateFromMat(data->matrix + first * width, C_API_DTYPE_FLOAT64, (int32_t)count,
                                  (int32_t)width, 1, parameters,
                                  (DatasetHandle)(uintptr_t)reference, dataset) != 0 ||
        LGBM_DatasetSetField(*dataset, "label", data->labels + first, (int)count,
                             C_API_DTYPE_FLOAT32) != 0)
        return failed(err);
    return true;
}

static bool make_booster(struct trees *trees, const struct trees_data *data, bool all,
                         const char *parameters, struct error *err)
{
    size_t count = all ? data->train + data->validation : data->train;

    if (!make_dataset(data, 0, count, parameters, NULL, &trees->datasets[0], err))
        return false;
    if (LGBM_BoosterCreate(trees->datasets[0], parameters, &trees->booster) != 0)
        return failed(err);
    if (all)
        return true;
    if (!make_dataset(data, data->train, data->validation, parameters, trees->datasets[0],
                      &trees->datasets[1], err))
        return false;
    return LGBM_BoosterAddValidData(trees->booster, trees->datasets[1]) == 0 || failed(err);
}

/* Remembers the best round, and the last one that was worth while. */
static void note_loss(struct trees *trees, double loss)
{
    if (trees->rounds == 0 || loss < trees->loss) {
        trees->rounds = trees->tried;
        trees->loss = loss;
    }
    if (trees->tried == 1 || loss < trees->mark * (1 - GAIN_LEAST)) {
        trees->mark = loss;
        trees->mark_round = trees->tried;
    }
}

/* One round; *done when no tree can be grown any more, or it has been in vain for a while. */
static bool boost(struct trees *trees, bool all, bool *done, struct error *err)
{
    double loss = 0;
    int finished = 0;
    int count = 0;

    if (LGBM_BoosterUpdateOneIter(trees->booster, &finished) != 0)
        return failed(err);
    trees->tried++;
    if (all) {
        trees->rounds = trees->tried;
    } else {
        if (LGBM_BoosterGetEval(trees->booster, 1, &count, &loss) != 0)
            return failed(err);
        note_loss(trees, loss);
    }
    *done = finished != 0 || (!all && trees->tried - trees->mark_round >= PATIENCE);
    return true;
}

static bool run_rounds(struct trees *trees, bool all, int rounds_max, struct watch *watch,
                       int percent, int span, struct error *err)
{
    int smooth = all ? rounds_max : SMOOTH_ROUNDS;
    bool done = false;

    while (!done && trees->tried < rounds_max) {
        int part = trees->tried < smooth ? trees->tried : smooth;

        if (!watch_go_on(watch, err) || !boost(trees, all, &done, err))
            return false;
        watch_progress(watch, percent + span * part / smooth, "training");
        if (!done && watch_time_is_up(watch)) {
            trees->cut = true;
            done = true;
        }
    }
    return true;
}

bool trees_train(struct trees *trees, const struct trees_data *data,
                 const struct trees_config *config, bool all, int rounds_max, struct watch *watch,
                 int percent, int span, struct error *err)
{
    struct text parameters = {0};
    bool ok = false;

    *trees = (struct trees){0};
    add_parameters(&parameters, data, config);
    if (parameters.failed) {
        error_no_memory(err);
        goto cleanup;
    }
    if (LGBM_RegisterLogCallback(ignore_log) != 0) {
        failed(err);
        goto cleanup;
    }
    ok = make_booster(trees, data, all, parameters.data, err) &&
         run_rounds(trees, all, rounds_max, watch, percent, span, err);

cleanup:
    text_clear(&parameters);
    if (!ok)
        trees_clear(trees);
    return ok;
}

void trees_clear(struct trees *trees)
{
    if (trees->booster != NULL)
        LGBM_BoosterFree(trees->booster);
    for (int i = 0; i < 2; i++)
        if (trees->datasets[i] != NULL)
            LGBM_DatasetFree(trees->datasets[i]);
    *trees = (struct trees){0};
}

char *trees_text(const struct trees *trees, struct error *err)
{
    int64_t size = 0;
    char *text = NULL;

    if (LGBM_BoosterSaveModelToString(trees->booster, 0, trees->rounds, 0, 0, &size, NULL) != 0) {
        failed(err);
        return NULL;
    }
    text = malloc((size_t)size + 1);
    if (text == NULL) {
        error_no_memory(err);
        return NULL;
    }
    if (LGBM_BoosterSaveModelToString(trees->booster, 0, trees->rounds, 0, size, &size, text) !=
        0) {
        free(text);
        failed(err);
        return NULL;
    }
    return text;
}

bool trees_importance(const struct trees *trees, double *gains, struct error *err)
{
    return LGBM_BoosterFeatureImportance(trees->booster, trees->rounds,
                                         C_API_FEATURE_IMPORTANCE_GAIN, gains) == 0 ||
           failed(err);
}
