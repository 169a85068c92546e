/* cli.c - see cli.h. */
#include "api/cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool cli_misuse(struct cli *cli, struct error *err, const char *format, ...)
{
    va_list args;

    cli->misused = true;
    error_set(err, ERROR_INVALID_REQUEST, " ");
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

bool cli_call_take(struct cli *cli, const char *method, struct buffer *path, const json_t *body,
                   json_t **answer, struct error *err)
{
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    bool ok;

    *answer = NULL;
    if (path->failed || (body != NULL && text == NULL))
        ok = error_no_memory(err);
    else
        ok = client_call(cli->client, method, path->data, text, answer, err);
    free(text);
    buffer_clear(path);
    return ok;
}

static void print_rows(const struct column *columns, const json_t *answer, const char *rows_path)
{
    const json_t *rows = table_find(answer, rows_path);
    const json_t *page = json_object_get(answer, "pagination");
    int64_t total = json_integer_value(json_object_get(page, "total"));
    struct buffer text = {0};

    table_add(&text, columns, rows);
    if (!text.failed)
        fputs(text.data, stdout);
    if (page != NULL && total > (int64_t)json_array_size(rows))
        fprintf(stderr, "%zu of %lld; more with --limit and --offset\n", json_array_size(rows),
                (long long)total);
    buffer_clear(&text);
}

void cli_print(const struct cli *cli, const struct column *columns, const json_t *answer)
{
    struct buffer text = {0};

    if (cli->json) {
        puts(client_text(cli->client));
        return;
    }
    table_add_record(&text, columns, answer);
    if (!text.failed && text.data != NULL)
        fputs(text.data, stdout);
    buffer_clear(&text);
}

bool cli_show_take(struct cli *cli, const char *method, struct buffer *path, const char *rows_path,
                   const struct column *columns, struct error *err)
{
    json_t *answer;

    if (!cli_call_take(cli, method, path, NULL, &answer, err))
        return false;
    if (rows_path == NULL || cli->json)
        cli_print(cli, columns, answer);
    else
        print_rows(columns, answer, rows_path);
    json_decref(answer);
    return true;
}

bool cli_model_path(struct cli *cli, const char *word, struct buffer *path, struct error *err)
{
    const char *slash = strchr(word, '/');
    char name[128];

    if (slash != NULL && (slash[1] == '\0' || strchr(slash + 1, '/') != NULL))
        return cli_misuse(cli, err, "'%.80s' is no NAME/VERSION: give one such as churn/v1.0",
                          word);
    snprintf(name, sizeof name, "%.*s", slash == NULL ? 127 : (int)(slash - word), word);
    client_path_add(path, "/models/", name);
    client_path_add(path, "/", slash == NULL ? "latest" : slash + 1);
    return true;
}

void cli_add_queries(const struct cli *cli, struct buffer *path, const char *const *options)
{
    char name[32];

    for (; *options != NULL; options++) {
        snprintf(name, sizeof name, "%s", *options + 2);
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '-' ? '_' : *c;
        client_path_query(path, name, args_value(&cli->args, *options, 0));
    }
}

bool cli_finish_job_take(struct cli *cli, json_t *answer, const struct column *columns,
                         bool with_log, struct error *err)
{
    static const struct column ENDED[] = {
        {"job", "job_id", CELL_TEXT},         {"type", "type", CELL_TEXT},
        {"status", "status", CELL_TEXT},      {"model", "resource_id", CELL_TEXT},
        {"ended", "completed_at", CELL_TIME}, {NULL, NULL, CELL_TEXT}};
    const char *job_id = json_string_value(json_object_get(answer, "job_id"));
    json_t *job;

    if (!args_has(&cli->args, "--wait") || job_id == NULL) {
        cli_print(cli, columns, answer);
        json_decref(answer);
        return true;
    }
    job = cli_wait(cli, job_id, with_log, 0, err);
    if (job != NULL)
        cli_print(cli, ENDED, job);
    json_decref(job);
    json_decref(answer);
    return job != NULL;
}
