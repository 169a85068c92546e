/* model_json.c - see model_json.h. */
#include "api/model_json.h"

#include "schemas/fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WORD_BYTES = 24, ENDPOINT_BYTES = 1024 };

/* Pieces --------------------------------------------------------------------------------------*/

static const char *version_word(int version, char word[static WORD_BYTES])
{
    snprintf(word, WORD_BYTES, "v%d.0", version);
    return word;
}

/* Adds what identifies a version: model_name, model_version, model_id, version. */
static void add_names(json_t *answer, const char *model, int version)
{
    char word[WORD_BYTES];

    version_word(version, word);
    json_object_set_new(answer, "model_name", json_string(model));
    json_object_set_new(answer, "model_version", json_string(word));
    json_object_set_new(answer, "model_id", json_sprintf("%s:%s", model, word));
    json_object_set_new(answer, "version", json_integer(version));
}

/* A column of JSON; fallback is taken where it is null. */
static json_t *parsed(const char *text, json_t *fallback)
{
    json_t *value = text == NULL ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);

    if (value == NULL)
        return fallback;
    json_decref(fallback);
    return value;
}

/* A copy of a part of the report; an empty object where there is none. */
static json_t *part_of(const json_t *report, const char *name)
{
    json_t *part = json_object_get(report, name);

    return part == NULL ? json_object() : json_incref(part);
}

/* The schema as the client gave it, else as the engine found it. */
static json_t *schema_of(const char *given, const json_t *report, const char *name)
{
    return parsed(given, part_of(report, name));
}

static json_t *endpoint_of(const char *predict_url, const char *model, int version)
{
    char url[ENDPOINT_BYTES];
    char word[WORD_BYTES];

    snprintf(url, sizeof url, "%s/models/%s/%s/infer", predict_url, model,
             version_word(version, word));
    return json_string(url);
}

/* Models --------------------------------------------------------------------------------------*/

json_t *model_item_json(const struct model *model)
{
    json_t *item = json_object();

    add_names(item, model->name, model->version);
    json_object_set_new(item, "name", json_string(model->display_name));
    json_object_set_new(item, "intent", json_string(model->intent));
    json_object_set_new(item, "status",
                        json_string(state_word(MACHINE_VERSION, (int)model->status)));
    json_object_set_new(item, "deployment_status", json_text_or_null(model->deployment_status));
    json_object_set_new(item, "created_at", json_string(model->created_at));
    json_object_set_new(item, "updated_at", json_string(model->updated_at));
    return item;
}

json_t *model_json(const struct model *model, const char *predict_url)
{
    json_t *report = parsed(model->report, json_object());
    json_t *answer = model_item_json(model);

    json_object_set_new(answer, "description", json_text_or_null(model->description));
    json_object_set_new(answer, "endpoint", endpoint_of(predict_url, model->name, model->version));
    json_object_set_new(answer, "metrics", part_of(report, "metrics"));
    json_object_set_new(answer, "dataset_id", json_string(model->dataset_id));
    json_object_set_new(answer, "input_schema",
                        schema_of(model->input_schema, report, "input_schema"));
    json_object_set_new(answer, "output_schema",
                        schema_of(model->output_schema, report, "output_schema"));
    json_object_set_new(answer, "created_by", json_string(model->created_by));
    json_object_set_new(answer, "error", json_text_or_null(model->error_message));
    json_object_set_new(answer, "error_message", json_text_or_null(model->error_message));
    json_object_set_new(answer, "tags", parsed(model->tags, json_array()));
    json_decref(report);
    return answer;
}

json_t *model_patched_json(const struct model *model)
{
    json_t *answer = json_object();

    add_names(answer, model->name, model->version);
    json_object_set_new(answer, "name", json_string(model->display_name));
    json_object_set_new(answer, "description", json_text_or_null(model->description));
    json_object_set_new(answer, "tags", parsed(model->tags, json_array()));
    json_object_set_new(answer, "updated_at", json_string(model->updated_at));
    return answer;
}

json_t *model_deleted_json(const char *name, const struct deleted_model *deleted)
{
    json_t *answer = json_object();

    add_names(answer, name, deleted->version);
    json_object_set_new(answer, "status", json_string("DELETED"));
    json_object_set_new(answer, "deleted_at", json_string(deleted->deleted_at));
    return answer;
}

/* Versions ------------------------------------------------------------------------------------*/

static int build_progress(const struct version *version)
{
    if (version->status == VERSION_READY)
        return 100;
    return version->has_job && version->progress < 100 ? version->progress : 0;
}

/* What a build came to, as the oldest clients read it; null until there is a model. */
static json_t *outcome_json(const struct version *version)
{
    json_t *report = parsed(version->report, json_object());
    const json_t *metric = json_object_get(report, "metric");
    json_t *value = metric == NULL ? NULL
                                   : json_object_get(json_object_get(report, "metrics"),
                                                     json_string_value(metric));
    json_t *outcome = version->status == VERSION_READY && value != NULL
                          ? json_pack("{s:O, s:O, s:O}", "metric_name", metric, "metric_value",
                                      value, "valid_metric", value)
                          : json_null();

    json_decref(report);
    return outcome;
}

json_t *version_status_json(const struct version *version, const char *message)
{
    json_t *answer = json_object();

    add_names(answer, version->model_name, version->version);
    json_object_set_new(answer, "version_id", json_string(version->id));
    json_object_set_new(answer, "job_id", json_string(version->job_id));
    json_object_set_new(answer, "status",
                        json_string(state_word(MACHINE_VERSION, (int)version->status)));
    json_object_set_new(answer, "deployment_status", json_text_or_null(version->deployment_status));
    json_object_set_new(answer, "build_progress", json_integer(build_progress(version)));
    json_object_set_new(answer, "build_stage", json_text_or_null(version->stage));
    json_object_set_new(answer, "created_at", json_string(version->created_at));
    json_object_set_new(answer, "updated_at", json_string(version->updated_at));
    json_object_set_new(answer, "last_updated", json_string(version->updated_at));
    json_object_set_new(answer, "result", outcome_json(version));
    json_object_set_new(answer, "error", json_text_or_null(version->error_message));
    json_object_set_new(answer, "error_code", json_text_or_null(version->error_code));
    json_object_set_new(answer, "error_message", json_text_or_null(version->error_message));
    if (message != NULL)
        json_object_set_new(answer, "message", json_string(message));
    return answer;
}

static json_t *value_or_null(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    return value == NULL ? json_null() : json_incref(value);
}

/* Shares that sum to 1; equal ones where nothing mattered. */
static json_t *importance_json(const json_t *told)
{
    const json_t *weights = json_object_get(told, "feature_importance");
    json_t *shares = json_object();
    double sum = 0;
    const char *name;
    json_t *weight;

    json_object_foreach((json_t *)weights, name, weight) sum += json_number_value(weight);
    json_object_foreach((json_t *)weights, name, weight)
        json_object_set_new(shares, name,
                            json_real(sum > 0 ? json_number_value(weight) / sum
                                              : 1.0 / (double)json_object_size(weights)));
    return shares;
}

static json_t *training_json(const struct version *version, const json_t *report)
{
    json_t *told = json_object_get(report, "training_info");
    json_t *training = told == NULL ? json_object() : json_copy(told);

    json_object_set_new(training, "dataset_size", value_or_null(told, "dataset_size"));
    json_object_set_new(training, "training_time_minutes",
                        json_real(round(version->training_s / 60 * 1000) / 1000));
    json_object_set_new(training, "algorithm", value_or_null(report, "algorithm"));
    json_object_set_new(training, "feature_importance", importance_json(told));
    return training;
}

json_t *version_describe_json(const struct version *version)
{
    static const char *const TOLD[] = {"task",    "target",   "target_reason", "metric",
                                       "classes", "baseline", "excluded",      "retrain"};
    json_t *report = parsed(version->report, json_object());
    json_t *answer = json_object();

    add_names(answer, version->model_name, version->version);
    json_object_set_new(answer, "status",
                        json_string(state_word(MACHINE_VERSION, (int)version->status)));
    json_object_set_new(
        answer, "description",
        json_string(version->description == NULL ? version->intent : version->description));
    json_object_set_new(answer, "input_schema",
                        schema_of(version->input_schema, report, "input_schema"));
    json_object_set_new(answer, "output_schema",
                        schema_of(version->output_schema, report, "output_schema"));
    json_object_set_new(answer, "performance_metrics", part_of(report, "metrics"));
    json_object_set_new(answer, "training_info", training_json(version, report));
    for (size_t at = 0; at < sizeof TOLD / sizeof *TOLD; at++)
        json_object_set_new(answer, TOLD[at], value_or_null(report, TOLD[at]));
    json_object_set_new(answer, "warnings",
                        json_is_array(json_object_get(report, "warnings"))
                            ? json_incref(json_object_get(report, "warnings"))
                            : json_array());
    json_object_set_new(answer, "error", json_text_or_null(version->error_message));
    json_decref(report);
    return answer;
}

json_t *version_json(const struct version *version, const char *message, const char *predict_url)
{
    json_t *answer = version_describe_json(version);
    json_t *status = version_status_json(version, message);

    json_object_update(answer, status);
    json_decref(status);
    json_object_set_new(answer, "name", json_string(version->display_name));
    json_object_set_new(answer, "intent", json_string(version->intent));
    json_object_set_new(answer, "dataset_id", json_string(version->dataset_id));
    json_object_set_new(answer, "tags", parsed(version->tags, json_array()));
    json_object_set(answer, "metrics", json_object_get(answer, "performance_metrics"));
    json_object_set_new(answer, "artifact_digest", json_text_or_null(version->artifact_digest));
    json_object_set_new(answer, "endpoint",
                        endpoint_of(predict_url, version->model_name, version->version));
    return answer;
}

static json_t *version_item_json(const struct version_item *item)
{
    json_t *answer = json_object();
    char word[WORD_BYTES];

    json_object_set_new(answer, "version_id", json_string(item->id));
    json_object_set_new(answer, "version", json_integer(item->version));
    json_object_set_new(answer, "model_version", json_string(version_word(item->version, word)));
    json_object_set_new(answer, "kind", json_string(item->kind));
    json_object_set_new(answer, "status",
                        json_string(state_word(MACHINE_VERSION, (int)item->status)));
    json_object_set_new(answer, "deployment_status", json_text_or_null(item->deployment_status));
    json_object_set_new(answer, "metrics", parsed(item->metrics, json_object()));
    json_object_set_new(answer, "job_id", json_string(item->job_id));
    json_object_set_new(answer, "error_message", json_text_or_null(item->error_message));
    json_object_set_new(answer, "created_at", json_string(item->created_at));
    json_object_set_new(answer, "updated_at", json_string(item->updated_at));
    return answer;
}

json_t *version_list_json(const char *model, const struct pg_rows *rows)
{
    json_t *answer = json_object();
    json_t *items = json_array();
    bool ready = false;
    int current = 1; /* the newest that is READY; the newest, if none is */

    for (size_t row = 0; row < pg_rows_count(rows); row++) {
        struct version_item item;

        version_item_read(rows, row, &item);
        if (item.id == NULL)
            continue;
        if (row == 0 || (item.status == VERSION_READY && !ready))
            current = item.version;
        ready = ready || item.status == VERSION_READY;
        json_array_append_new(items, version_item_json(&item));
    }
    add_names(answer, model, current);
    json_object_set_new(answer, "versions", items);
    return answer;
}

json_t *version_made_json(const char *model, const struct submitted *made)
{
    char current[WORD_BYTES];
    char word[WORD_BYTES];

    version_word(made->current, current);
    version_word(made->version, word);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:s, s:s, s:s}", "job_id",
                     made->job_id.text, "status", "PENDING", "model_name", model, "model_version",
                     current, "version_id", made->version_id.text, "version", made->version,
                     "new_version", word, "created_at", made->created_at, "model_id",
                     json_sprintf("%s:%s", model, word), "dataset_id", made->request.dataset_id,
                     "upload_id", made->request.dataset_id, "intent", made->request.intent);
}
