/* report.c - see report.h. */
#include "engine/train/report.h"

#include <math.h>

#include "engine/train/base.h"
#include "engine/train/version.h"

static const char *const TASKS[] = {"binary", "multiclass", "regression"};

static void write_metrics(struct text *json, const char *key, enum task task,
                          const struct metrics *metrics)
{
    json_open(json, key, '{');
    for (int i = 0; i < METRICS; i++)
        if (metric_fits((enum metric)i, task) && isfinite(metrics->value[i]))
            json_number(json, metric_name((enum metric)i), metrics->value[i]);
    json_close(json, '}');
}

static void write_schemas(struct text *json, const struct plan *plan)
{
    json_open(json, "input_schema", '{');
    for (size_t i = 0; i < plan->inputs_count; i++)
        json_text(json, plan->table->columns[plan->inputs[i].column].name,
                  field_type_name(plan->inputs[i].type));
    json_close(json, '}');
    json_open(json, "output_schema", '{');
    for (size_t i = 0; i < plan->answers_count; i++)
        json_text(json, plan->answers[i].name, field_type_name(plan->answers[i].type));
    json_close(json, '}');
}

static void write_training(struct text *json, const struct report *report)
{
    const struct plan *plan = report->plan;

    json_open(json, "training_info", '{');
    json_count(json, "dataset_size", plan->table->rows);
    json_count(json, "train_rows", report->split->train);
    json_count(json, "validation_rows", report->split->validation);
    json_count(json, "test_rows", report->split->test);
    json_count(json, "candidates", report->search->candidates);
    json_count(json, "rounds", (size_t)report->rounds);
    json_count(json, "features", report->features->features_count);
    json_bool(json, "refit", report->search->refit);
    json_bool(json, "cut_by_time", report->search->cut);
    json_open(json, "feature_importance", '{');
    for (size_t i = 0; i < plan->inputs_count; i++) {
        size_t input = report->order[i];

        if (plan->inputs[input].used)
            json_number(json, plan->table->columns[plan->inputs[input].column].name,
                        report->importance[input]);
    }
    json_close(json, '}');
    json_close(json, '}');
}

static void write_notes(struct text *json, const struct plan *plan)
{
    json_open(json, "warnings", '[');
    for (size_t i = 0; i < plan->warnings.count; i++) {
        struct text line = {0};

        text_printf(&line, "%s: %s", plan->warnings.notes[i].column,
                    plan->warnings.notes[i].reason);
        json->failed |= line.failed;
        json_text(json, NULL, line.data);
        text_clear(&line);
    }
    json_close(json, ']');
    json_open(json, "excluded", '[');
    for (size_t i = 0; i < plan->excluded.count; i++) {
        json_open(json, NULL, '{');
        json_text(json, "column", plan->excluded.notes[i].column);
        json_text(json, "reason", plan->excluded.notes[i].reason);
        json_close(json, '}');
    }
    json_close(json, ']');
}

bool report_write(const struct report *report, struct text *json, struct error *err)
{
    const struct plan *plan = report->plan;

    json_open(json, NULL, '{');
    json_text(json, "engine_version", ENGINE_VERSION);
    json_text(json, "task", TASKS[plan->task]);
    json_text(json, "target", plan->table->columns[plan->target].name);
    json_text(json, "target_reason", plan->target_reason);
    json_text(json, "metric", metric_name(plan->metric));
    json_text(json, "positive_class",
              plan->task == TASK_BINARY ? plan->classes[plan->positive] : NULL);
    if (plan->task != TASK_REGRESSION) {
        json_open(json, "classes", '[');
        for (size_t i = 0; i < plan->classes_count; i++)
            json_text(json, NULL, plan->classes[i]);
        json_close(json, ']');
    }
    json_text(json, "algorithm", "gradient boosted trees (LightGBM)");
    json_text(json, "candidate", report->search->config->name);
    write_metrics(json, "metrics", plan->task, report->metrics);
    write_metrics(json, "baseline", plan->task, report->baseline);
    write_schemas(json, plan);
    write_training(json, report);
    write_notes(json, plan);
    base_report(report->spec, plan->table, json);
    json_close(json, '}');
    return !json->failed || error_no_memory(err);
}
