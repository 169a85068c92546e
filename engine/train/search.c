/* search.c - see search.h. */
#include "engine/train/search.h"

enum { ROUNDS_MAX = 3000, PERCENT_FIRST = 15, PERCENT_REFIT = 75, PERCENT_LAST = 92 };

void search_clear(struct search *search)
{
    trees_clear(&search->best);
}

static const char *loss_name(const struct trees_data *data)
{
    return data->task != TASK_REGRESSION ? "log loss"
           : data->metric == METRIC_MAE  ? "mean absolute error"
                                         : "rmse";
}

/* Trains one candidate and keeps it if it is the best so far. */
static bool try_candidate(struct search *search, const struct trees_data *data, size_t index,
                          size_t count, struct watch *watch, struct error *err)
{
    const struct trees_config *config = &TREES_CONFIGS[index];
    int span = (PERCENT_REFIT - PERCENT_FIRST) / (int)count;
    struct trees trees;
    bool better;

    if (!trees_train(&trees, data, config, false, ROUNDS_MAX, watch,
                     PERCENT_FIRST + span * (int)index, span, err))
        return false;
    search->candidates++;
    search->cut |= trees.cut;
    better = search->config == NULL || trees.loss < search->loss;
    watch_log(watch, BUILD_INFO, "candidate %zu of %zu, %s: %s %.5g after %d rounds%s", index + 1,
              count, config->name, loss_name(data), trees.loss, trees.rounds,
              better ? index == 0 ? "" : " (best so far)" : "");
    if (!better) {
        trees_clear(&trees);
        return true;
    }
    trees_clear(&search->best);
    search->best = trees;
    search->config = config;
    search->loss = trees.loss;
    return true;
}

/* Trains the best candidate again, with the rows too that it was chosen by. */
static bool refit(struct search *search, const struct trees_data *data, struct watch *watch,
                  struct error *err)
{
    struct trees trees;

    watch_log(watch, BUILD_INFO, "training %s again on all %zu rows that are not sealed",
              search->config->name, data->train + data->validation);
    if (!trees_train(&trees, data, search->config, true, search->best.rounds, watch, PERCENT_REFIT,
                     PERCENT_LAST - PERCENT_REFIT, err))
        return false;
    if (trees.cut && trees.rounds < search->best.rounds) {
        search->cut = true;
        trees_clear(&trees);
        return true;
    }
    trees_clear(&search->best);
    search->best = trees;
    search->refit = true;
    return true;
}

bool search_run(struct search *search, const struct trees_data *data, int candidates_max,
                struct watch *watch, struct error *err)
{
    size_t count = TREES_CONFIGS_COUNT;
    bool ok = true;

    *search = (struct search){0};
    if (candidates_max > 0 && (size_t)candidates_max < count)
        count = (size_t)candidates_max;
    for (size_t i = 0; ok && i < count; i++) {
        if (i > 0 && watch_time_is_up(watch)) {
            search->cut = true;
            break;
        }
        ok = try_candidate(search, data, i, count, watch, err);
    }
    if (ok && watch_time_is_up(watch))
        search->cut = true;
    else if (ok)
        ok = refit(search, data, watch, err);
    if (ok && search->cut)
        watch_log(watch, BUILD_WARNING,
                  "the time is up: the best model so far is taken; a longer timeout may give a "
                  "better one");
    if (!ok)
        search_clear(search);
    return ok;
}
