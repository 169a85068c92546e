/* jobs.c - trainyard jobs, and trainyard logs. */
#include "api/cli/cli.h"

#include <stdlib.h>
#include <string.h>

static const struct column ROWS[] = {
    {"JOB", "job_id", CELL_TEXT},          {"TYPE", "type", CELL_TEXT},
    {"STATUS", "status", CELL_TEXT},       {"PROGRESS", "progress", CELL_PERCENT},
    {"ABOUT", "resource_id", CELL_TEXT},   {"CREATED", "created_at", CELL_TIME},
    {"ERROR", "error.message", CELL_TEXT}, {NULL, NULL, CELL_TEXT},
};

static const struct column JOB[] = {
    {"job", "job_id", CELL_TEXT},
    {"type", "type", CELL_TEXT},
    {"status", "status", CELL_TEXT},
    {"progress", "progress", CELL_PERCENT},
    {"stage", "progress_details.current_stage", CELL_TEXT},
    {"place in queue", "position", CELL_TEXT},
    {"about", "resource_id", CELL_TEXT},
    {"attempts failed", "failures", CELL_TEXT},
    {"next attempt", "next_attempt_at", CELL_TIME},
    {"error", "error.message", CELL_TEXT},
    {"note", "message", CELL_TEXT},
    {"created", "created_at", CELL_TIME},
    {"started", "started_at", CELL_TIME},
    {"ended", "completed_at", CELL_TIME},
    {NULL, NULL, CELL_TEXT},
};

static bool list(struct cli *cli, struct error *err)
{
    static const char *const QUERIES[] = {"--limit", "--offset", "--status", "--type",
                                          "--sort",  "--order",  NULL};
    struct buffer path = {0};

    buffer_add_text(&path, "/jobs");
    cli_add_queries(cli, &path, QUERIES);
    return cli_show_take(cli, "GET", &path, "jobs", ROWS, err);
}

static bool get(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/jobs/", cli->args.words[0]);
    return cli_show_take(cli, "GET", &path, NULL, JOB, err);
}

static bool cancel(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/jobs/", cli->args.words[0]);
    buffer_add_text(&path, "/cancel");
    return cli_show_take(cli, "POST", &path, NULL, JOB, err);
}

static bool wait_for(struct cli *cli, struct error *err)
{
    int64_t timeout_s;
    json_t *job;

    if (!args_int(&cli->args, "--timeout", 1, INT32_MAX, 0, &timeout_s, err)) {
        cli->misused = true;
        return false;
    }
    job = cli_wait(cli, cli->args.words[0], false, timeout_s, err);
    if (job != NULL)
        cli_print(cli, JOB, job);
    json_decref(job);
    return job != NULL;
}

static const struct option_form LIST_OPTIONS[] = {
    {"--limit", "N", "at most so many, up to 100 (default: 20)", NULL},
    {"--offset", "N", "after so many", NULL},
    {"--status", "STATUS", "PENDING, RUNNING, RETRYING, COMPLETED, FAILED ...", NULL},
    {"--type", "TYPE", "model_build, model_retrain, model_deploy, model_predict", NULL},
    {"--sort", "FIELD", "created_at or updated_at", NULL},
    {"--order", "DIRECTION", "asc or desc", NULL},
    {NULL, NULL, NULL, NULL},
};
static const struct option_form WAIT_OPTIONS[] = {
    {"--timeout", "SECONDS", "then gives up; the job goes on", NULL},
    {NULL, NULL, NULL, NULL},
};

static const struct verb VERBS[] = {
    {"list", "", 0, 0, "the jobs of the account, the newest first", LIST_OPTIONS, list},
    {"get", "JOB", 1, 1, "one job, with its place in the queue", NULL, get},
    {"cancel", "JOB", 1, 1, "cancels what waits, asks what runs to end", NULL, cancel},
    {"wait", "JOB", 1, 1, "waits for its end; fails unless it is COMPLETED", WAIT_OPTIONS,
     wait_for},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_jobs = {"jobs", "jobs: builds, deployments and batches on their way", VERBS};

/* Logs -----------------------------------------------------------------------------------------*/

/* The job of the newest version of a model: a copy. */
static char *job_of_model(struct cli *cli, const char *name, struct error *err)
{
    struct buffer path = {0};
    const char *job_id;
    json_t *answer;
    char *copy;

    client_path_add(&path, "/models/", name);
    buffer_add_text(&path, "/versions");
    if (!cli_call_take(cli, "GET", &path, NULL, &answer, err))
        return NULL;
    job_id = json_string_value(table_find(answer, "versions.0.job_id"));
    copy = job_id == NULL ? NULL : strdup(job_id);
    if (copy == NULL)
        error_set(err, ERROR_NOT_FOUND, "the model %.64s has no build", name);
    json_decref(answer);
    return copy;
}

static void print_lines(const json_t *lines)
{
    size_t index;
    json_t *line;

    json_array_foreach(lines, index, line)
    {
        const char *level = json_string_value(json_object_get(line, "level"));
        struct buffer text = {0};

        table_add_cell(&text, json_object_get(line, "timestamp"), CELL_TIME);
        buffer_printf(&text, " %-7s ", level == NULL ? "" : level);
        table_add_cell(&text, json_object_get(line, "message"), CELL_WHOLE);
        if (!text.failed)
            puts(text.data);
        buffer_clear(&text);
    }
}

/* What is there of a log: all pages for people, one for scripts. */
static bool print_log(struct cli *cli, const char *job_id, const char *level, struct error *err)
{
    size_t offset = 0;
    bool more = true;

    while (more) {
        struct buffer path = {0};
        json_t *answer;

        buffer_printf(&path, "/models/build-logs?limit=1000&offset=%zu", offset);
        client_path_query(&path, "job_id", job_id);
        client_path_query(&path, "level", level);
        if (!cli_call_take(cli, "GET", &path, NULL, &answer, err))
            return false;
        if (cli->json)
            puts(client_text(cli->client));
        else
            print_lines(json_object_get(answer, "logs"));
        offset += json_array_size(json_object_get(answer, "logs"));
        more = !cli->json && json_is_true(table_find(answer, "pagination.has_more"));
        json_decref(answer);
    }
    return true;
}

static bool logs(struct cli *cli, struct error *err)
{
    static const char *const LEVELS[] = {"INFO", "WARNING", "ERROR", NULL};
    const char *word = cli->args.words[0];
    const char *level;
    char *job_id;
    bool ok;

    if (!args_word(&cli->args, "--level", LEVELS, &level, err)) {
        cli->misused = true;
        return false;
    }
    job_id = strncmp(word, "job_", 4) == 0 ? strdup(word) : job_of_model(cli, word, err);
    if (job_id == NULL)
        return false;
    ok = args_has(&cli->args, "--follow") ? cli_follow(cli, job_id, level, err)
                                          : print_log(cli, job_id, level, err);
    free(job_id);
    return ok;
}

static const struct option_form LOGS_OPTIONS[] = {
    {"--follow", NULL, "goes on until the job ended; with --json a line of JSON each", "-f"},
    {"--level", "LEVEL", "the least: INFO, WARNING or ERROR", NULL},
    {NULL, NULL, NULL, NULL},
};
static const struct verb LOGS_VERBS[] = {
    {"", "JOB|MODEL", 1, 1, "what a job wrote; of a model its newest build", LOGS_OPTIONS, logs},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_logs = {"logs", "logs of builds", LOGS_VERBS};
