/* columns.c - see columns.h. */
#include "engine/train/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/train/target.h"
#include "engine/train/words.h"

static const double TEXT_UNIQUE_MOST = 0.5; /* of a column of texts: more are no categories */

static bool missing_column(const struct table *table, const char *name, struct error *err)
{
    size_t nearest = 0;

    for (size_t i = 1; i < table->columns_count; i++)
        if (names_distance(table->columns[i].name, name) <
            names_distance(table->columns[nearest].name, name))
            nearest = i;
    return error_set(err, ERROR_VALIDATION,
                     "input_schema: no column is named %.60s; the nearest is %.60s", name,
                     table->columns[nearest].name);
}

static bool list_declared(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    for (size_t i = 0; i < spec->input_count; i++) {
        const struct schema_field *field = &spec->input[i];
        struct plan_input *input = &plan->inputs[plan->inputs_count];
        size_t at = 0;
        bool twice = false;

        while (at < plan->table->columns_count &&
               !names_equal(plan->table->columns[at].name, field->name))
            at++;
        if (at == plan->table->columns_count)
            return missing_column(plan->table, field->name, err);
        if (!field_type_find(field->type, plan->table->columns[at].type, &input->type))
            return error_set(err, ERROR_VALIDATION,
                             "input_schema: %.60s has the unknown type %.30s; choose float, "
                             "integer, string, boolean or date",
                             field->name, field->type);
        for (size_t j = 0; j < plan->inputs_count; j++)
            twice |= plan->inputs[j].column == at;
        if (twice || at == plan->target)
            continue;
        input->column = at;
        input->used = true;
        plan->inputs_count++;
    }
    return true;
}

static void list_all(struct plan *plan)
{
    for (size_t i = 0; i < plan->table->columns_count; i++)
        if (i != plan->target)
            plan->inputs[plan->inputs_count++] =
                (struct plan_input){i, plan->table->columns[i].type, true};
}

static bool columns_equal(const struct table *table, size_t a, size_t b)
{
    const struct column *left = &table->columns[a];
    const struct column *right = &table->columns[b];

    if ((left->texts == NULL) != (right->texts == NULL) || left->unique != right->unique ||
        left->missing != right->missing)
        return false;
    for (size_t i = 0; i < table->rows; i++) {
        /* texts are numbered as they come: equal columns have equal numbers */
        if (left->texts != NULL ? left->texts[i] != right->texts[i]
                                : !(left->numbers[i] == right->numbers[i] ||
                                    (isnan(left->numbers[i]) && isnan(right->numbers[i]))))
            return false;
    }
    if (left->texts == NULL)
        return true;
    return left->levels.bytes_length == right->levels.bytes_length &&
           memcmp(left->levels.bytes, right->levels.bytes, left->levels.bytes_length) == 0;
}

/* The used column before number index that is the same; target too. Else columns_count. */
static size_t find_twin(const struct plan *plan, size_t index)
{
    size_t column = plan->inputs[index].column;

    if (columns_equal(plan->table, column, plan->target))
        return plan->target;
    for (size_t i = 0; i < index; i++)
        if (plan->inputs[i].used && columns_equal(plan->table, plan->inputs[i].column, column))
            return plan->inputs[i].column;
    return plan->table->columns_count;
}

static bool leave_out(struct plan *plan, struct plan_input *input, const char *reason,
                      const char *other, struct error *err)
{
    input->used = false;
    return plan_note(&plan->excluded, err, plan->table->columns[input->column].name, "%s%s", reason,
                     other);
}

static bool judge(struct plan *plan, size_t index, bool declared, struct error *err)
{
    struct plan_input *input = &plan->inputs[index];
    const struct table *table = plan->table;
    const struct column *column = &table->columns[input->column];
    size_t known = table->rows - column->missing;
    size_t twin;
    const char *why = NULL;

    if (known == 0)
        return leave_out(plan, input, "it has no value in any row", "", err);
    if (column->unique == 1 && column->missing == 0)
        return leave_out(plan, input, "it has the same value in every row", "", err);
    twin = find_twin(plan, index);
    if (twin < table->columns_count)
        return leave_out(plan, input,
                         twin == plan->target ? "it is a copy of the target, " : "it is a copy of ",
                         table->columns[twin].name, err);
    if (!declared && column_is_identifier(table, input->column, &why))
        return leave_out(plan, input, why, "", err);
    if (!declared && input->type == FIELD_STRING && column->unique > 50 &&
        (double)column->unique > TEXT_UNIQUE_MOST * (double)known)
        return leave_out(plan, input, "its texts are too different to be categories", "", err);
    return true;
}

bool columns_choose(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    bool declared = spec->input_count > 0;
    size_t kept = 0;
    size_t used = 0;

    plan->inputs = calloc(plan->table->columns_count + spec->input_count + 1, sizeof *plan->inputs);
    if (plan->inputs == NULL)
        return error_no_memory(err);
    if (!declared)
        list_all(plan);
    else if (!list_declared(plan, spec, err))
        return false;
    for (size_t i = 0; i < plan->inputs_count; i++) {
        if (!judge(plan, i, declared, err))
            return false;
        used += plan->inputs[i].used;
    }
    if (used == 0)
        return error_set(err, ERROR_VALIDATION,
                         "no column is left to predict %.60s from: all others are empty, constant, "
                         "copies or identifiers; send more columns",
                         plan->table->columns[plan->target].name);
    for (size_t i = 0; i < plan->inputs_count; i++) /* what nobody asked for need not be sent */
        if (declared || plan->inputs[i].used)
            plan->inputs[kept++] = plan->inputs[i];
    plan->inputs_count = kept;
    return true;
}
