/* plan.c - see plan.h. */
#include "engine/train/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/train/base.h"
#include "engine/train/columns.h"
#include "engine/train/target.h"
#include "engine/train/task.h"
#include "engine/train/words.h"

static const struct {
    const char *name;
    enum field_type type;
} TYPES[] = {
    {"float", FIELD_FLOAT},     {"number", FIELD_FLOAT},    {"double", FIELD_FLOAT},
    {"integer", FIELD_INTEGER}, {"int", FIELD_INTEGER},     {"boolean", FIELD_BOOLEAN},
    {"bool", FIELD_BOOLEAN},    {"string", FIELD_STRING},   {"str", FIELD_STRING},
    {"text", FIELD_STRING},     {"category", FIELD_STRING}, {"date", FIELD_DATE},
    {"datetime", FIELD_DATE},   {"timestamp", FIELD_DATE},
};

bool field_type_find(const char *name, enum field_type otherwise, enum field_type *type)
{
    *type = otherwise;
    if (name == NULL || *name == '\0' || strcasecmp(name, "any") == 0)
        return true;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        if (strcasecmp(name, TYPES[i].name) == 0) {
            *type = TYPES[i].type;
            return true;
        }
    }
    return false;
}

bool plan_note(struct plan_notes *notes, struct error *err, const char *column, const char *format,
               ...)
{
    struct plan_note *grown = realloc(notes->notes, (notes->count + 1) * sizeof *grown);
    va_list args;

    if (grown == NULL)
        return error_no_memory(err);
    notes->notes = grown;
    snprintf(grown[notes->count].column, sizeof grown->column, "%s", column);
    va_start(args, format);
    vsnprintf(grown[notes->count].reason, sizeof grown->reason, format, args);
    va_end(args);
    notes->count++;
    return true;
}

void plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->answers_count; i++)
        free(plan->answers[i].name);
    free(plan->answers);
    free(plan->classes);
    free(plan->truth);
    free(plan->inputs);
    free(plan->warnings.notes);
    free(plan->excluded.notes);
    *plan = (struct plan){0};
}

/* What the target's own field holds when the schema does not say otherwise. */
static enum field_type target_answer_type(const struct plan *plan)
{
    return plan->task == TASK_REGRESSION ? FIELD_FLOAT : plan->table->columns[plan->target].type;
}

/* Whether a name is kin to the target's, or so general (prediction, result) that it fits any. */
static bool may_name_target(const struct plan *plan, const char *name)
{
    struct words field;
    struct words target;

    words_split(name, &field);
    words_split(plan->table->columns[plan->target].name, &target);
    for (size_t i = 0; i < field.count; i++)
        for (size_t j = 0; j < target.count; j++)
            if (words_likeness(field.word[i], target.word[j]) > 0)
                return true;
    for (size_t i = 0; i < field.count; i++)
        if (!word_is_filler(field.word[i]))
            return false;
    return true;
}

static bool make_answer(struct plan *plan, const struct schema_field *field,
                        struct plan_answer *answer, struct error *err)
{
    bool own = names_equal(field->name, plan->table->columns[plan->target].name);

    if (!field_type_find(field->type, target_answer_type(plan), &answer->type))
        return error_set(err, ERROR_VALIDATION,
                         "output_schema: %.60s has the unknown type %.30s; choose float, integer, "
                         "string, boolean or date",
                         field->name, field->type);
    answer->kind = plan->task == TASK_REGRESSION ? ANSWER_NUMBER
                   : answer->type == FIELD_FLOAT ? ANSWER_PROBABILITY
                                                 : ANSWER_LABEL;
    if (own && answer->kind == ANSWER_PROBABILITY &&
        plan->table->columns[plan->target].type == FIELD_FLOAT)
        answer->kind = ANSWER_LABEL; /* the labels are floats themselves */
    if (plan->task == TASK_REGRESSION && answer->type != FIELD_INTEGER)
        answer->type = FIELD_FLOAT;
    if (answer->kind == ANSWER_LABEL)
        answer->type = plan->table->columns[plan->target].type;
    answer->name = strdup(field->name);
    if (answer->name == NULL)
        return error_no_memory(err);
    return may_name_target(plan, field->name) ||
           plan_note(
               &plan->warnings, err, field->name,
               "output_schema: no column is named so; it will hold what is predicted of %.60s",
               plan->table->columns[plan->target].name);
}

static bool make_answers(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    struct schema_field own = {.name = plan->table->columns[plan->target].name};
    const struct schema_field *fields = spec->output_count > 0 ? spec->output : &own;
    size_t count = spec->output_count > 0 ? spec->output_count : 1;

    plan->answers = calloc(count, sizeof *plan->answers);
    if (plan->answers == NULL)
        return error_no_memory(err);
    for (; plan->answers_count < count; plan->answers_count++)
        if (!make_answer(plan, &fields[plan->answers_count], &plan->answers[plan->answers_count],
                         err))
            return false;
    return true;
}

static void say(const struct plan *plan, struct watch *watch)
{
    static const char *const TASKS[] = {"two classes", "several classes", "a quantity"};

    watch_log(watch, BUILD_INFO, "predicting %s (%s): %s", plan->table->columns[plan->target].name,
              TASKS[plan->task], plan->target_reason);
    if (plan->task == TASK_BINARY)
        watch_log(watch, BUILD_INFO, "classes: %s and %s; looked for: %s", plan->classes[0],
                  plan->classes[1], plan->classes[plan->positive]);
    else if (plan->task == TASK_MULTICLASS)
        watch_log(watch, BUILD_INFO, "classes: %zu, such as %s and %s", plan->classes_count,
                  plan->classes[0], plan->classes[1]);
    watch_log(watch, BUILD_INFO, "measured by %s", metric_name(plan->metric));
    for (size_t i = 0; i < plan->excluded.count; i++)
        watch_log(watch, BUILD_INFO, "column %s is left out: %s", plan->excluded.notes[i].column,
                  plan->excluded.notes[i].reason);
    for (size_t i = 0; i < plan->warnings.count; i++)
        watch_log(watch, BUILD_WARNING, "%s: %s", plan->warnings.notes[i].column,
                  plan->warnings.notes[i].reason);
}

bool plan_make(struct plan *plan, const struct build_spec *spec, const struct table *table,
               struct watch *watch, struct error *err)
{
    *plan = (struct plan){.table = table};
    if (table->rows < ROWS_LEAST)
        return error_set(err, ERROR_VALIDATION,
                         "the table has %zu rows: at least %d are needed, some hundreds are better",
                         table->rows, ROWS_LEAST);
    if (!target_find(plan, spec, err) || !task_find(plan, spec, err) ||
        !base_check_task(plan, spec, err) || !columns_choose(plan, spec, err) ||
        !make_answers(plan, spec, err)) {
        plan_clear(plan);
        return false;
    }
    say(plan, watch);
    return true;
}
