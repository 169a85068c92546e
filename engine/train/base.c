/* base.c - see base.h. */
#include "engine/train/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/train/target.h"
#include "engine/train/words.h"

enum { LIST_BYTES = 110, NAME_SHOWN = 40 };

/* Names, as many as fit, and how many there are. */
struct list {
    char text[LIST_BYTES];
    size_t length;
    size_t count;
    size_t shown;
};

static void list_add(struct list *list, const char *name)
{
    size_t room = sizeof list->text - list->length;
    int used = snprintf(list->text + list->length, room, "%s%.*s", list->count == 0 ? "" : ", ",
                        NAME_SHOWN, name);

    list->count++;
    if (list->shown + 1 == list->count && used > 0 && (size_t)used < room) {
        list->length += (size_t)used;
        list->shown++;
    } else {
        list->text[list->length] = '\0';
    }
}

/* " and 3 more", or nothing. */
static const char *list_rest(const struct list *list, char *text, size_t size)
{
    text[0] = '\0';
    if (list->shown < list->count)
        snprintf(text, size, " and %zu more", list->count - list->shown);
    return text;
}

static size_t find_column(const struct table *table, const char *name)
{
    size_t at = 0;

    while (at < table->columns_count && !names_equal(table->columns[at].name, name))
        at++;
    return at;
}

static bool looks_at(const struct build_base *base, const char *name)
{
    for (size_t i = 0; i < base->input_count; i++)
        if (names_equal(base->input[i].name, name))
            return true;
    return names_equal(base->target, name);
}

/* Whether a column's values can be read as a type they had before. */
static bool reads_as(const struct column *column, enum field_type type, size_t rows)
{
    if (type == FIELD_STRING || column->unique == 0 || column->type == type)
        return true;
    if (column->numbers == NULL || column->type == FIELD_DATE || type == FIELD_DATE)
        return false;
    for (size_t i = 0; type == FIELD_BOOLEAN && i < rows; i++)
        if (!isnan(column->numbers[i]) && column->numbers[i] != 0 && column->numbers[i] != 1)
            return false;
    return true;
}

static bool check_missing(const struct build_base *base, const struct table *table,
                          struct error *err)
{
    struct list missing = {0};
    char rest[32];

    for (size_t i = 0; i < base->input_count; i++)
        if (find_column(table, base->input[i].name) == table->columns_count)
            list_add(&missing, base->input[i].name);
    if (missing.count > 0)
        return error_set(err, ERROR_VALIDATION,
                         "the data lacks columns that v%d.0 looks at: %s%s; add them, or make a "
                         "version with an input_schema of its own",
                         base->version, missing.text, list_rest(&missing, rest, sizeof rest));
    if (find_column(table, base->target) == table->columns_count)
        return error_set(err, ERROR_VALIDATION,
                         "the data lacks the column %.60s, which v%d.0 predicts: add it, with what "
                         "came of each row",
                         base->target, base->version);
    return true;
}

static bool check_types(const struct build_base *base, const struct table *table,
                        struct watch *watch, struct error *err)
{
    struct list changed = {0};
    char rest[32];

    for (size_t i = 0; i < base->input_count; i++) {
        const struct schema_field *field = &base->input[i];
        const struct column *column = &table->columns[find_column(table, field->name)];
        enum field_type type;
        char text[2 * NAME_SHOWN + 40];

        if (!field_type_find(field->type, column->type, &type) || column->type == type)
            continue;
        if (reads_as(column, type, table->rows)) {
            if (type == FIELD_STRING && column->unique > 0)
                watch_log(watch, BUILD_WARNING, "column %s is %s now: read as texts, as in v%d.0",
                          column->name, field_type_name(column->type), base->version);
            continue;
        }
        snprintf(text, sizeof text, "%.*s (%s, was %s)", NAME_SHOWN - 20, column->name,
                 field_type_name(column->type), field_type_name(type));
        list_add(&changed, text);
    }
    return changed.count == 0 ||
           error_set(err, ERROR_VALIDATION,
                     "columns have another type than in v%d.0: %s%s; mend their values, or make a "
                     "version with an input_schema of its own",
                     base->version, changed.text, list_rest(&changed, rest, sizeof rest));
}

static void say(const struct build_spec *spec, const struct table *table, struct watch *watch)
{
    const struct build_base *base = spec->base;

    watch_log(watch, BUILD_INFO, "retraining v%d.0: it predicts %s from %zu columns", base->version,
              base->target, base->input_count);
    watch_log(watch, BUILD_INFO, "goal: %s", spec->intent == NULL ? "" : spec->intent);
    if (spec->metric != NULL)
        watch_log(watch, BUILD_INFO, "metric asked for: %s", spec->metric);
    if (spec->max_iterations > 0)
        watch_log(watch, BUILD_INFO, "candidates asked for: %d at most", spec->max_iterations);
    for (size_t i = 0; i < table->columns_count; i++)
        if (!looks_at(base, table->columns[i].name))
            watch_log(watch, BUILD_WARNING,
                      "column %s is new: v%d.0 does not look at it, it is "
                      "passed over",
                      table->columns[i].name, base->version);
}

bool base_check(const struct build_spec *spec, const struct table *table, struct watch *watch,
                struct error *err)
{
    if (spec->base == NULL)
        return true;
    say(spec, table, watch);
    return check_missing(spec->base, table, err) && check_types(spec->base, table, watch, err);
}

bool base_check_task(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    static const char *const TASKS[] = {"binary", "multiclass", "regression"};
    const struct build_base *base = spec->base;
    const char *target = plan->table->columns[plan->target].name;
    bool was_quantity;

    if (base == NULL || strcmp(base->task, TASKS[plan->task]) == 0)
        return true;
    was_quantity = strcmp(base->task, TASKS[TASK_REGRESSION]) == 0;
    if (was_quantity || plan->task == TASK_REGRESSION)
        return error_set(err, ERROR_VALIDATION,
                         "%.60s is %s in this data, v%d.0 predicts %s: mend its values, or build "
                         "another model for it",
                         target, was_quantity ? "a class" : "a quantity", base->version,
                         was_quantity ? "a quantity" : "a class");
    return plan_note(&plan->warnings, err, target, "it has %zu classes now, v%d.0 had %s",
                     plan->classes_count, base->version,
                     plan->task == TASK_BINARY ? "more" : "two");
}

void base_report(const struct build_spec *spec, const struct table *table, struct text *json)
{
    const struct build_base *base = spec->base;

    if (base == NULL)
        return;
    json_open(json, "retrain", '{');
    json_count(json, "base_version", (size_t)base->version);
    json_text(json, "goal", spec->intent);
    json_text(json, "metric", spec->metric);
    if (spec->max_iterations > 0)
        json_count(json, "max_iterations", (size_t)spec->max_iterations);
    json_open(json, "ignored_columns", '[');
    for (size_t i = 0; i < table->columns_count; i++)
        if (!looks_at(base, table->columns[i].name))
            json_text(json, NULL, table->columns[i].name);
    json_close(json, ']');
    json_close(json, '}');
}
