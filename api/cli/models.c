/* models.c - trainyard models, and trainyard versions: what is built. */
#include "api/cli/cli.h"

#include <stdlib.h>
#include <string.h>

enum { FILES_MOST = 50, TAGS_MOST = 50 };

static const struct column MODEL_ROWS[] = {
    {"NAME", "model_name", CELL_TEXT},
    {"VERSION", "model_version", CELL_TEXT},
    {"STATUS", "status", CELL_TEXT},
    {"DEPLOYED", "deployment_status", CELL_TEXT},
    {"UPDATED", "updated_at", CELL_TIME},
    {"INTENT", "intent", CELL_TEXT},
    {NULL, NULL, CELL_TEXT},
};

static const struct column MODEL[] = {
    {"name", "model_name", CELL_TEXT},
    {"shown as", "name", CELL_TEXT},
    {"version", "model_version", CELL_TEXT},
    {"status", "status", CELL_TEXT},
    {"deployment", "deployment_status", CELL_TEXT},
    {"intent", "intent", CELL_TEXT},
    {"description", "description", CELL_TEXT},
    {"dataset", "dataset_id", CELL_TEXT},
    {"tags", "tags", CELL_TEXT},
    {"endpoint", "endpoint", CELL_TEXT},
    {"progress", "build_progress", CELL_PERCENT},
    {"stage", "build_stage", CELL_TEXT},
    {"job", "job_id", CELL_TEXT},
    {"error", "error_message", CELL_TEXT},
    {"note", "message", CELL_TEXT},
    {"created", "created_at", CELL_TIME},
    {"updated", "updated_at", CELL_TIME},
    {"deleted", "deleted_at", CELL_TIME},
    {NULL, NULL, CELL_TEXT},
};

static const struct column BUILD[] = {
    {"job", "job_id", CELL_TEXT},
    {"status", "status", CELL_TEXT},
    {"model", "model_name", CELL_TEXT},
    {"new version", "new_version", CELL_TEXT},
    {"current version", "model_version", CELL_TEXT},
    {"dataset", "dataset_id", CELL_TEXT},
    {NULL, NULL, CELL_TEXT},
};

static const struct column VERSION_ROWS[] = {
    {"VERSION", "model_version", CELL_TEXT},
    {"STATUS", "status", CELL_TEXT},
    {"KIND", "kind", CELL_TEXT},
    {"DEPLOYED", "deployment_status", CELL_TEXT},
    {"CREATED", "created_at", CELL_TIME},
    {"JOB", "job_id", CELL_TEXT},
    {"ERROR", "error_message", CELL_TEXT},
    {NULL, NULL, CELL_TEXT},
};

/* Data for a build: the id of --dataset, or of what --data uploads. A copy; NULL and no failure
 * when neither is given. */
static bool take_dataset(struct cli *cli, char **dataset, struct error *err)
{
    const char *id = args_value(&cli->args, "--dataset", 0);
    const char *files[FILES_MOST];
    int count = 0;

    *dataset = NULL;
    while (count < FILES_MOST && (files[count] = args_value(&cli->args, "--data", count)) != NULL)
        count++;
    if (id != NULL && count > 0)
        return cli_misuse(cli, err, "give either --data or --dataset");
    if (id != NULL)
        *dataset = strdup(id);
    else if (count > 0)
        *dataset = cli_upload(cli, files, count, NULL, NULL, err);
    return *dataset != NULL || (id == NULL && count == 0);
}

static void add_text(const struct cli *cli, json_t *body, const char *option, const char *field)
{
    const char *value = args_value(&cli->args, option, 0);

    if (value != NULL)
        json_object_set_new(body, field, json_string(value));
}

static bool add_number(const struct cli *cli, json_t *body, const char *option, const char *field,
                       struct error *err)
{
    int64_t value;

    if (!args_int(&cli->args, option, 0, INT64_MAX, -1, &value, err))
        return false;
    if (value >= 0)
        json_object_set_new(body, field, json_integer(value));
    return true;
}

static bool add_schema(struct cli *cli, json_t *body, const char *option, const char *field,
                       struct error *err)
{
    const char *text = args_value(&cli->args, option, 0);
    json_t *schema = text == NULL ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (text != NULL && !json_is_object(schema)) {
        json_decref(schema);
        return cli_misuse(cli, err, "%s is no JSON object: give one such as {\"age\": \"int\"}",
                          option);
    }
    if (schema != NULL)
        json_object_set_new(body, field, schema);
    return true;
}

static void add_tags(const struct cli *cli, json_t *body)
{
    json_t *tags;

    if (!args_has(&cli->args, "--tag"))
        return;
    tags = json_array();
    for (int at = 0; args_value(&cli->args, "--tag", at) != NULL; at++)
        if (*args_value(&cli->args, "--tag", at) != '\0')
            json_array_append_new(tags, json_string(args_value(&cli->args, "--tag", at)));
    json_object_set_new(body, "tags", tags);
}

/* What builds have in common; dataset_field and intent_field differ. */
static bool add_spec(struct cli *cli, json_t *body, struct error *err)
{
    add_text(cli, body, "--name", "name");
    add_text(cli, body, "--description", "description");
    add_text(cli, body, "--target", "target");
    add_text(cli, body, "--metric", "metric");
    add_tags(cli, body);
    return add_number(cli, body, "--max-iterations", "max_iterations", err) &&
           add_number(cli, body, "--timeout", "timeout", err) &&
           add_number(cli, body, "--seed", "seed", err) &&
           add_schema(cli, body, "--input-schema", "input_schema", err) &&
           add_schema(cli, body, "--output-schema", "output_schema", err);
}

/* POSTs a build to /models/NAME + suffix, and waits for it if that is asked for. */
static bool post_build(struct cli *cli, const char *suffix, const char *dataset_field,
                       const char *intent_field, bool all_needed, struct error *err)
{
    struct buffer path = {0};
    json_t *body = json_object();
    json_t *answer = NULL;
    char *dataset = NULL;
    bool ok;

    add_text(cli, body, "--intent", intent_field);
    client_path_add(&path, "/models/", cli->args.words[0]);
    buffer_add_text(&path, suffix);
    if (!add_spec(cli, body, err))
        ok = false;
    else if (all_needed && !args_has(&cli->args, "--intent"))
        ok = cli_misuse(cli, err, "give --intent TEXT: what the model is to predict, in words");
    else if (all_needed && !args_has(&cli->args, "--data") && !args_has(&cli->args, "--dataset"))
        ok = cli_misuse(cli, err, "give --data FILE, or --dataset ID of an upload");
    else
        ok = take_dataset(cli, &dataset, err);
    if (ok && dataset != NULL)
        json_object_set_new(body, dataset_field, json_string(dataset));
    if (ok)
        ok = cli_call_take(cli, "POST", &path, body, &answer, err) &&
             cli_finish_job_take(cli, answer, BUILD, true, err);
    buffer_clear(&path);
    json_decref(body);
    free(dataset);
    return ok;
}

static bool models_list(struct cli *cli, struct error *err)
{
    static const char *const QUERIES[] = {"--limit",   "--offset",   "--status",
                                          "--sort-by", "--sort-dir", NULL};
    struct buffer path = {0};

    buffer_add_text(&path, "/models");
    cli_add_queries(cli, &path, QUERIES);
    return cli_show_take(cli, "GET", &path, "models", MODEL_ROWS, err);
}

/* The metrics that came of a version, under the record. */
static void print_numbers(const char *title, const json_t *numbers, bool percent)
{
    const char *name;
    json_t *value;

    if (json_object_size(numbers) == 0)
        return;
    printf("%s\n", title);
    json_object_foreach((json_t *)numbers, name, value)
    {
        struct buffer text = {0};

        if (percent)
            buffer_printf(&text, "%.1f %%", json_number_value(value) * 100);
        else
            table_add_cell(&text, value, CELL_TEXT);
        if (json_is_number(value) && !text.failed)
            printf("  %-28s %10s\n", name, text.data);
        buffer_clear(&text);
    }
}

static bool models_get(struct cli *cli, struct error *err)
{
    struct buffer path = {0};
    json_t *answer;

    client_path_add(&path, "/models/", cli->args.words[0]);
    if (!cli_call_take(cli, "GET", &path, NULL, &answer, err))
        return false;
    cli_print(cli, MODEL, answer);
    if (!cli->json)
        print_numbers("metrics", json_object_get(answer, "metrics"), false);
    json_decref(answer);
    return true;
}

static bool models_create(struct cli *cli, struct error *err)
{
    return post_build(cli, "", "dataset_id", "intent", true, err);
}

static bool models_retrain(struct cli *cli, struct error *err)
{
    return post_build(cli, "/retrain", "upload_id", "goal", false, err);
}

static bool models_update(struct cli *cli, struct error *err)
{
    struct buffer path = {0};
    json_t *body = json_object();
    json_t *answer = NULL;
    bool ok;

    add_text(cli, body, "--name", "name");
    add_text(cli, body, "--description", "description");
    add_tags(cli, body);
    client_path_add(&path, "/models/", cli->args.words[0]);
    if (json_object_size(body) == 0)
        ok = cli_misuse(cli, err, "give what is to change: --name, --description or --tag");
    else
        ok = cli_call_take(cli, "PATCH", &path, body, &answer, err);
    if (ok)
        cli_print(cli, MODEL, answer);
    buffer_clear(&path);
    json_decref(answer);
    json_decref(body);
    return ok;
}

static bool models_delete(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/models/", cli->args.words[0]);
    return cli_show_take(cli, "DELETE", &path, NULL, MODEL, err);
}

static void print_schema(const char *title, const json_t *schema)
{
    const char *name;
    json_t *type;

    if (json_object_size(schema) > 0)
        printf("%s\n", title);
    json_object_foreach((json_t *)schema, name, type)
    {
        printf("  %-28s %10s\n", name, json_is_string(type) ? json_string_value(type) : "");
    }
}

static bool describe(struct cli *cli, struct error *err)
{
    static const struct column ABOUT[] = {
        {"name", "model_name", CELL_TEXT},
        {"version", "model_version", CELL_TEXT},
        {"description", "description", CELL_TEXT},
        {"task", "task", CELL_TEXT},
        {"target", "target", CELL_TEXT},
        {"metric", "metric", CELL_TEXT},
        {"algorithm", "training_info.algorithm", CELL_TEXT},
        {"rows", "training_info.dataset_size", CELL_TEXT},
        {"minutes", "training_info.training_time_minutes", CELL_TEXT},
        {"error", "error", CELL_TEXT},
        {NULL, NULL, CELL_TEXT},
    };
    struct buffer path = {0};
    json_t *answer;
    size_t index;
    json_t *warning;

    if (!cli_model_path(cli, cli->args.words[0], &path, err))
        return false;
    buffer_add_text(&path, "/describe");
    if (!cli_call_take(cli, "GET", &path, NULL, &answer, err))
        return false;
    cli_print(cli, ABOUT, answer);
    if (!cli->json) {
        print_numbers("measured on rows it never saw",
                      json_object_get(answer, "performance_metrics"), false);
        print_numbers("what mattered", table_find(answer, "training_info.feature_importance"),
                      true);
        print_schema("takes", json_object_get(answer, "input_schema"));
        print_schema("answers", json_object_get(answer, "output_schema"));
        json_array_foreach(json_object_get(answer, "warnings"), index, warning)
        {
            printf("warning: %s\n", json_string_value(warning));
        }
    }
    json_decref(answer);
    return true;
}

static bool versions_list(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/models/", cli->args.words[0]);
    buffer_add_text(&path, "/versions");
    return cli_show_take(cli, "GET", &path, "versions", VERSION_ROWS, err);
}

static bool versions_create(struct cli *cli, struct error *err)
{
    return post_build(cli, "/versions", "dataset_id", "intent", false, err);
}

static bool versions_get(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    return cli_model_path(cli, cli->args.words[0], &path, err) &&
           cli_show_take(cli, "GET", &path, NULL, MODEL, err);
}

#define DATA_OPTIONS                                                                               \
    {"--data", "FILE", "uploads this table first; may be repeated: files of the same columns",     \
     NULL},                                                                                        \
    {                                                                                              \
        "--dataset", "ID", "an upload that is there", NULL                                         \
    }
#define SPEC_OPTIONS                                                                               \
    {"--target", "COLUMN", "the column to predict (default: found from the intent)", NULL},        \
        {"--metric", "NAME", "what to optimise, such as roc_auc, accuracy, rmse", NULL},           \
        {"--timeout", "SECONDS", "a time limit of the build", NULL},                               \
        {"--max-iterations", "N", "how much to search", NULL},                                     \
        {"--seed", "N", "another seed", NULL},                                                     \
        {"--input-schema", "JSON", "the columns to use: {\"age\": \"int\"}", NULL},                \
    {                                                                                              \
        "--output-schema", "JSON", "what to answer: {\"churn_probability\": \"float\"}", NULL      \
    }
#define ABOUT_OPTIONS                                                                              \
    {"--name", "TEXT", "how it is shown", NULL}, {"--description", "TEXT", "what it is", NULL},    \
    {                                                                                              \
        "--tag", "TAG", "may be repeated", NULL                                                    \
    }
#define WAIT_OPTION                                                                                \
    {                                                                                              \
        "--wait", NULL, "shows the build and waits for its end; prints the job", NULL              \
    }
#define END_OF_OPTIONS                                                                             \
    {                                                                                              \
        NULL, NULL, NULL, NULL                                                                     \
    }

static const struct option_form LIST_OPTIONS[] = {
    {"--limit", "N", "at most so many, up to 100 (default: 20)", NULL},
    {"--offset", "N", "after so many", NULL},
    {"--status", "STATUS", "DRAFT, BUILDING, READY or ERROR", NULL},
    {"--sort-by", "FIELD", "created_at or name", NULL},
    {"--sort-dir", "DIRECTION", "asc or desc", NULL},
    END_OF_OPTIONS,
};
static const struct option_form CREATE_OPTIONS[] = {
    {"--intent", "TEXT", "what to predict, in words", NULL},
    DATA_OPTIONS,
    SPEC_OPTIONS,
    ABOUT_OPTIONS,
    WAIT_OPTION,
    END_OF_OPTIONS,
};
static const struct option_form UPDATE_OPTIONS[] = {ABOUT_OPTIONS, END_OF_OPTIONS};
static const struct option_form RETRAIN_OPTIONS[] = {
    DATA_OPTIONS,
    {"--intent", "TEXT", "another purpose", NULL},
    {"--metric", "NAME", "what to optimise", NULL},
    {"--max-iterations", "N", "how much to search", NULL},
    WAIT_OPTION,
    END_OF_OPTIONS,
};
static const struct option_form VERSION_OPTIONS[] = {
    {"--intent", "TEXT", "another purpose (default: the model's)", NULL},
    DATA_OPTIONS,
    SPEC_OPTIONS,
    WAIT_OPTION,
    END_OF_OPTIONS,
};

static const struct verb MODELS_VERBS[] = {
    {"list", "", 0, 0, "the models of the account", LIST_OPTIONS, models_list},
    {"get", "NAME", 1, 1, "one model, with its metrics", NULL, models_get},
    {"create", "NAME --intent TEXT (--data FILE | --dataset ID)", 1, 1, "builds a new model",
     CREATE_OPTIONS, models_create},
    {"update", "NAME", 1, 1, "changes how it is shown", UPDATE_OPTIONS, models_update},
    {"delete", "NAME", 1, 1, "deletes it with its versions and deployments", NULL, models_delete},
    {"retrain", "NAME", 1, 1, "builds the next version, of new data or as it was", RETRAIN_OPTIONS,
     models_retrain},
    {"describe", "NAME[/VERSION]", 1, 1, "what a version can do, and how it was made", NULL,
     describe},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_models = {"models", "models: a sentence and a table in, predictions out",
                                MODELS_VERBS};

static const struct verb VERSIONS_VERBS[] = {
    {"list", "NAME", 1, 1, "the versions of a model, the newest first", NULL, versions_list},
    {"create", "NAME (--data FILE | --dataset ID)", 1, 1, "builds a further version",
     VERSION_OPTIONS, versions_create},
    {"get", "NAME[/VERSION]", 1, 1, "how a version stands", NULL, versions_get},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_versions = {"versions", "versions of a model: v1.0, v2.0 ...",
                                  VERSIONS_VERBS};
