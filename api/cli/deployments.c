/* deployments.c - trainyard deploy, and trainyard deployments. */
#include "api/cli/cli.h"

#include <stdlib.h>
#include <string.h>

static const struct column ROWS[] = {
    {"DEPLOYMENT", "deployment_id", CELL_TEXT},
    {"ENVIRONMENT", "environment", CELL_TEXT},
    {"STATUS", "status", CELL_TEXT},
    {"VERSION", "version", CELL_TEXT},
    {"REPLICAS", "replicas", CELL_TEXT},
    {"AUTO-SCALE", "auto_scale", CELL_TEXT},
    {"CREATED", "created_at", CELL_TIME},
    {"ENDPOINT", "endpoint", CELL_WHOLE},
    {NULL, NULL, CELL_TEXT},
};

static const struct column DEPLOYMENT[] = {
    {"deployment", "deployment_id", CELL_TEXT},
    {"model", "model_name", CELL_TEXT},
    {"version", "model_version", CELL_TEXT},
    {"status", "status", CELL_TEXT},
    {"environment", "environment", CELL_TEXT},
    {"replicas", "replicas", CELL_TEXT},
    {"auto-scale", "auto_scale", CELL_TEXT},
    {"endpoint", "endpoint", CELL_TEXT},
    {"job", "job_id", CELL_TEXT},
    {"undeployed", "undeployed_at", CELL_TIME},
    {NULL, NULL, CELL_TEXT},
};

static bool read_body(struct cli *cli, json_t *body, struct error *err)
{
    static const char *const SWITCH[] = {"on", "off", NULL};
    const char *environment = args_value(&cli->args, "--environment", 0);
    const char *auto_scale;
    int64_t replicas;

    if (!args_int(&cli->args, "--replicas", 1, INT32_MAX, 0, &replicas, err) ||
        !args_word(&cli->args, "--auto-scale", SWITCH, &auto_scale, err)) {
        cli->misused = true;
        return false;
    }
    if (environment != NULL)
        json_object_set_new(body, "environment", json_string(environment));
    if (replicas > 0)
        json_object_set_new(body, "replicas", json_integer(replicas));
    if (auto_scale != NULL)
        json_object_set_new(body, "auto_scale", json_boolean(strcmp(auto_scale, "on") == 0));
    return true;
}

static bool deploy(struct cli *cli, struct error *err)
{
    const char *word = cli->args.words[0];
    const char *slash = strchr(word, '/');
    struct buffer path = {0};
    json_t *body = json_object();
    json_t *answer = NULL;
    char name[128];
    bool ok = read_body(cli, body, err);

    snprintf(name, sizeof name, "%.*s", slash == NULL ? 127 : (int)(slash - word), word);
    if (slash != NULL)
        json_object_set_new(body, "version", json_string(slash + 1));
    client_path_add(&path, "/models/", name);
    buffer_add_text(&path, "/deploy");
    if (ok)
        ok = cli_call_take(cli, "POST", &path, body, &answer, err);
    if (ok && args_has(&cli->args, "--wait"))
        fprintf(stderr, "%s\n", json_string_value(json_object_get(answer, "deployment_id")));
    ok = ok && cli_finish_job_take(cli, answer, DEPLOYMENT, false, err);
    buffer_clear(&path);
    json_decref(body);
    return ok;
}

static bool deployments_list(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/models/", cli->args.words[0]);
    buffer_add_text(&path, "/deployments");
    return cli_show_take(cli, "GET", &path, "deployments", ROWS, err);
}

static bool deployments_delete(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/models/", cli->args.words[0]);
    client_path_add(&path, "/deployments/", cli->args.words[1]);
    return cli_show_take(cli, "DELETE", &path, NULL, DEPLOYMENT, err);
}

static const struct option_form DEPLOY_OPTIONS[] = {
    {"--environment", "NAME", "what it is for (default: production)", NULL},
    {"--replicas", "N", "warm copies (default: 1)", NULL},
    {"--auto-scale", "on|off", "a copy on each live instance (default: on)", NULL},
    {"--wait", NULL, "waits until all copies are warm; prints the job", NULL},
    {NULL, NULL, NULL, NULL},
};

static const struct verb DEPLOY_VERBS[] = {
    {"", "NAME[/VERSION]", 1, 1, "keeps a version warm, under an address of its own",
     DEPLOY_OPTIONS, deploy},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_deploy = {"deploy", "deploys a model", DEPLOY_VERBS};

static const struct verb VERBS[] = {
    {"list", "NAME", 1, 1, "the active deployments of a model", NULL, deployments_list},
    {"delete", "NAME DEPLOYMENT", 2, 2, "takes a deployment down", NULL, deployments_delete},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_deployments = {"deployments", "deployments of a model", VERBS};
