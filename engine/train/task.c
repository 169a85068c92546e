/* task.c - see task.h. */
#include "engine/train/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/train/words.h"

enum { FEW_NUMBERS = 10, CLASS_ROWS_LEAST = 2 };

/* Labels that say "it is so", in lower case. */
static const char *const POSITIVES[] = {"yes",      "true", "1",       "y",         "t",
                                        "positive", "pos",  "churned", "churn",     "left",
                                        "fraud",    "spam", "default", "malignant", "bad",
                                        "died",     "fail", "failed",  "survived",  ">50k"};

static bool has_digits_only(const struct column *column, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        if (!isnan(column->numbers[i]) && column->numbers[i] != floor(column->numbers[i]))
            return false;
    return true;
}

/* The type that the output schema gives to the target's own field. */
static bool declared_type(const struct plan *plan, const struct build_spec *spec,
                          enum field_type *type)
{
    for (size_t i = 0; i < spec->output_count; i++)
        if (names_equal(spec->output[i].name, plan->table->columns[plan->target].name) &&
            spec->output[i].type != NULL)
            return field_type_find(spec->output[i].type, FIELD_FLOAT, type);
    return false;
}

static bool asks_how_many(const struct build_spec *spec)
{
    struct words words;

    words_split(spec->intent == NULL ? "" : spec->intent, &words);
    for (size_t i = 0; i + 1 < words.count; i++)
        if (strcmp(words.word[i], "how") == 0 &&
            (strcmp(words.word[i + 1], "many") == 0 || strcmp(words.word[i + 1], "much") == 0))
            return true;
    return false;
}

/* Numbers: two values are two classes, a few whole ones are classes, the rest a quantity. */
static bool numbers_are_classes(const struct plan *plan, const struct build_spec *spec)
{
    const struct column *column = &plan->table->columns[plan->target];
    size_t known = plan->table->rows - column->missing;
    enum field_type type;
    enum metric metric;

    if (spec->metric != NULL && metric_find(spec->metric, &metric))
        return metric_fits(metric, TASK_BINARY);
    if (column->unique == 2)
        return true;
    if (declared_type(plan, spec, &type) && type != FIELD_INTEGER)
        return type != FIELD_FLOAT;
    return column->unique <= FEW_NUMBERS && known >= 10 * column->unique &&
           has_digits_only(column, plan->table->rows) && !asks_how_many(spec);
}

static int compare_numbers(const void *left, const void *right)
{
    double a = strtod(left, NULL);
    double b = strtod(right, NULL);

    return (a > b) - (a < b);
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(left, right);
}

/* Lists the different values of the target, up to CLASSES_MAX. */
static bool list_classes(struct plan *plan, struct error *err)
{
    const struct column *column = &plan->table->columns[plan->target];
    struct dictionary labels = {0};
    bool ok = true;

    if (column->unique > CLASSES_MAX)
        return error_set(err, ERROR_VALIDATION,
                         "the target %.60s has %zu different values, %d classes are the limit: "
                         "choose another target, or a metric such as rmse if it is a quantity",
                         column->name, column->unique, CLASSES_MAX);
    for (size_t i = 0; ok && i < plan->table->rows; i++) {
        char label[sizeof *plan->classes];
        uint32_t number;

        if (table_text(column, i, label, sizeof label))
            ok = dictionary_add(&labels, label, strlen(label), &number, err);
    }
    if (ok) {
        plan->classes = calloc(labels.count + 1, sizeof *plan->classes);
        ok = plan->classes != NULL || error_no_memory(err);
    }
    for (uint32_t i = 0; ok && i < labels.count; i++) {
        size_t length;
        const char *label = dictionary_text(&labels, i, &length);

        memcpy(plan->classes[i], label, length + 1);
    }
    plan->classes_count = ok ? labels.count : 0;
    dictionary_clear(&labels);
    if (ok)
        qsort(plan->classes, plan->classes_count, sizeof *plan->classes,
              column->type == FIELD_INTEGER || column->type == FIELD_FLOAT ? compare_numbers
                                                                           : compare_texts);
    return ok;
}

static void number_rows(struct plan *plan, size_t *sizes)
{
    const struct column *column = &plan->table->columns[plan->target];

    memset(sizes, 0, plan->classes_count * sizeof *sizes);
    for (size_t i = 0; i < plan->table->rows; i++) {
        char label[sizeof *plan->classes];
        size_t class = 0;

        plan->truth[i] = (double)NAN;
        if (!table_text(column, i, label, sizeof label))
            continue;
        while (class < plan->classes_count && strcmp(plan->classes[class], label) != 0)
            class ++;
        if (class == plan->classes_count) /* one that was left out */
            continue;
        plan->truth[i] = (double)class;
        sizes[class]++;
    }
}

/* A class of one row can be learned or measured, not both: its row is left out. */
static bool drop_tiny_classes(struct plan *plan, size_t *sizes, struct error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < plan->classes_count; i++) {
        if (sizes[i] < CLASS_ROWS_LEAST) {
            if (!plan_note(&plan->warnings, err, plan->table->columns[plan->target].name,
                           "the class %s has one row only: it is left out", plan->classes[i]))
                return false;
            continue;
        }
        memmove(plan->classes[kept++], plan->classes[i], sizeof *plan->classes);
    }
    plan->classes_count = kept;
    number_rows(plan, sizes);
    return true;
}

/* The class named as what is looked for, else the rarer one. */
static size_t find_positive(const struct plan *plan, const size_t *sizes)
{
    for (size_t i = 0; i < sizeof POSITIVES / sizeof *POSITIVES; i++)
        for (size_t class = 0; class < 2; class ++)
            if (strcasecmp(plan->classes[class], POSITIVES[i]) == 0)
                return class;
    return sizes[1] <= sizes[0] ? 1 : 0;
}

static bool make_classes(struct plan *plan, struct error *err)
{
    size_t *sizes = NULL;
    bool ok = list_classes(plan, err);

    if (ok) {
        sizes = calloc(plan->classes_count + 1, sizeof *sizes);
        ok = sizes != NULL || error_no_memory(err);
    }
    if (ok) {
        number_rows(plan, sizes);
        ok = drop_tiny_classes(plan, sizes, err);
    }
    if (ok && plan->classes_count < 2)
        ok = error_set(err, ERROR_VALIDATION,
                       "the target %.60s has fewer than two classes of two rows or more: there is "
                       "nothing to tell apart; choose another target or send more rows",
                       plan->table->columns[plan->target].name);
    if (ok) {
        plan->task = plan->classes_count == 2 ? TASK_BINARY : TASK_MULTICLASS;
        plan->positive = plan->task == TASK_BINARY ? find_positive(plan, sizes) : 0;
    }
    free(sizes);
    return ok;
}

static bool choose_metric(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    plan->metric = plan->task == TASK_BINARY       ? METRIC_ROC_AUC
                   : plan->task == TASK_MULTICLASS ? METRIC_LOG_LOSS
                                                   : METRIC_RMSE;
    if (spec->metric == NULL || *spec->metric == '\0')
        return true;
    if (!metric_find(spec->metric, &plan->metric))
        return error_set(err, ERROR_VALIDATION,
                         "metric: %.40s is not known; choose roc_auc, accuracy, f1_score, "
                         "precision, recall, log_loss, rmse, mae or r2",
                         spec->metric);
    if (!metric_fits(plan->metric, plan->task))
        return error_set(err, ERROR_VALIDATION, "metric: %s does not fit, %.60s is %s",
                         metric_name(plan->metric), plan->table->columns[plan->target].name,
                         plan->task == TASK_REGRESSION
                             ? "a quantity: choose rmse, mae or r2"
                             : "a class: choose roc_auc, accuracy, f1_score or log_loss");
    return true;
}

static bool count_known(struct plan *plan, struct error *err)
{
    const char *name = plan->table->columns[plan->target].name;

    plan->known = 0;
    for (size_t i = 0; i < plan->table->rows; i++)
        plan->known += !isnan(plan->truth[i]);
    if (plan->known < ROWS_LEAST)
        return error_set(err, ERROR_VALIDATION,
                         "only %zu rows have a usable target (%.60s): at least %d are needed, some "
                         "hundreds are better",
                         plan->known, name, ROWS_LEAST);
    if (plan->table->columns[plan->target].missing > 0)
        return plan_note(&plan->warnings, err, name, "%zu rows have no target and are left out",
                         plan->table->columns[plan->target].missing);
    return true;
}

bool task_find(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    const struct column *column = &plan->table->columns[plan->target];

    if (column->missing == plan->table->rows)
        return error_set(err, ERROR_VALIDATION,
                         "the target %.60s has no value in any row: choose another target or send "
                         "rows whose outcome is known",
                         column->name);
    if (column->unique < 2)
        return error_set(err, ERROR_VALIDATION,
                         "the target %.60s has the same value in every row: there is nothing to "
                         "learn; send rows of another outcome too",
                         column->name);
    if (column->type == FIELD_DATE)
        return error_set(err, ERROR_VALIDATION,
                         "the target %.60s is a date, which cannot be predicted: choose a number "
                         "or a class, such as the days until it",
                         column->name);
    plan->truth = malloc(plan->table->rows * sizeof *plan->truth);
    if (plan->truth == NULL)
        return error_no_memory(err);
    if (column->numbers != NULL && column->type != FIELD_BOOLEAN &&
        !numbers_are_classes(plan, spec)) {
        plan->task = TASK_REGRESSION;
        memcpy(plan->truth, column->numbers, plan->table->rows * sizeof *plan->truth);
    } else if (!make_classes(plan, err))
        return false;
    return choose_metric(plan, spec, err) && count_known(plan, err);
}
