/* main.c - trainyard: commands of clients, through the API, and of operators, beside it. */
#include "api/cli/cli.h"
#include "api/cli/command.h"
#include "api/cli/settings.h"
#include "infra/base/nearest.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct noun *const NOUNS[] = {&cli_models,      &cli_versions, &cli_deploy,
                                           &cli_deployments, &cli_predict,  &cli_jobs,
                                           &cli_logs,        &cli_uploads,  &cli_keys};

static const struct command COMMANDS[] = {
    {"migrate", "",
     "brings the database to this program's schema; safe to run again, and by several at once",
     CONFIG_CLI, command_migrate},
    {"topics", "", "makes the Kafka topics that are missing", CONFIG_TOPICS, command_topics},
    {"keys",
     "create --account NAME [--permission read_write|read_only] [--name NAME]\n"
     "                        [--plan basic|pro|unlimited]",
     "makes a key, and the account if it is new (then unlimited, unless told); prints the key\n"
     "      alone on stdout",
     CONFIG_CLI, command_keys},
    {"accounts", "set --account NAME --plan basic|pro|unlimited",
     "changes how many requests a minute a key of the account has: 100, 500, or as many as come",
     CONFIG_CLI, command_accounts},
};

enum {
    NOUNS_COUNT = sizeof NOUNS / sizeof *NOUNS,
    COMMANDS_COUNT = sizeof COMMANDS / sizeof *COMMANDS,
};

static void print_help(FILE *out)
{
    fprintf(out, "trainyard - the command line of Trainyard\n\nThrough the API:\n");
    for (size_t at = 0; at < NOUNS_COUNT; at++) {
        fprintf(out, "  trainyard %-12s", NOUNS[at]->name);
        for (const struct verb *verb = NOUNS[at]->verbs; verb->name != NULL; verb++)
            fprintf(out, "%s%s", verb == NOUNS[at]->verbs ? "" : " | ",
                    *verb->name == '\0' ? verb->arguments : verb->name);
        fprintf(out, "\n      %s\n", NOUNS[at]->help);
    }
    fprintf(out, "  trainyard NOUN --help\n\nFor operators, on the database and on Kafka:\n");
    for (size_t at = 0; at < COMMANDS_COUNT; at++)
        fprintf(out, "  trainyard %s %s\n      %s\n", COMMANDS[at].name, COMMANDS[at].arguments,
                COMMANDS[at].help);
    fprintf(out, "\n  trainyard --help | --version\n\n"
                 "The exit code is 0, 1 for a failure, 2 for a misuse, 3 for what is not found,\n"
                 "4 for a key that may not, 5 when trying again later may help.\n"
                 "Where TRAINYARD_URL is not set, it and the key come from .trainyard/env.\n\n");
    config_help(out, CONFIG_CLIENT);
    fprintf(out, "Of operators:\n");
    config_help(out, CONFIG_CLI | CONFIG_TOPICS);
}

static bool has_word(int count, char **arguments, const char *word)
{
    for (int at = 0; at < count; at++)
        if (strcmp(arguments[at], word) == 0 ||
            (strncmp(arguments[at], word, strlen(word)) == 0 && arguments[at][strlen(word)] == '='))
            return true;
    return false;
}

static bool load(struct config *config, enum config_program program)
{
    struct buffer problems = {0};
    bool ok = config_load(config, program, getenv, &problems);

    if (!ok)
        fprintf(stderr, "trainyard cannot start:\n%s",
                problems.failed ? "out of memory\n" : problems.data);
    buffer_clear(&problems);
    return ok;
}

static int run_command(const struct command *command, int count, char **arguments)
{
    struct config config;

    if (!load(&config, command->needs))
        return EXIT_MISUSE;
    config_start_log(&config, "trainyard");
    return command->run(&config, count, arguments);
}

static int exit_code(const struct cli *cli, const struct error *err)
{
    if (cli->misused)
        return EXIT_MISUSE;
    switch (err->code) {
    case ERROR_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case ERROR_UNAUTHORIZED:
    case ERROR_FORBIDDEN:
        return EXIT_REFUSED_KEY;
    case ERROR_RATE_LIMIT:
    case ERROR_UNAVAILABLE:
    case ERROR_NO_MEMORY:
        return EXIT_TRY_LATER;
    default:
        return EXIT_FAILED;
    }
}

/* What went wrong: the API's message, what is wrong with each field, and the request's id. */
static void print_failure(const struct cli *cli, const struct error *err)
{
    const json_t *refusal = cli->client == NULL ? NULL : client_refusal(cli->client);
    const char *request = json_string_value(json_object_get(refusal, "request_id"));
    struct buffer text = {0};
    const char *field;
    json_t *problem;

    fprintf(stderr, "trainyard: %s\n", err->message);
    if (*err->detail != '\0')
        fprintf(stderr, "  (%s)\n", err->detail);
    json_object_foreach((json_t *)table_find(refusal, "error.details"), field, problem)
    {
        buffer_printf(&text, "  %s: ", field);
        table_add_cell(&text, problem, CELL_WHOLE);
        buffer_add_char(&text, '\n');
    }
    if (request != NULL)
        buffer_printf(&text, "  request %s\n", request);
    if (!text.failed && text.data != NULL)
        fputs(text.data, stderr);
    buffer_clear(&text);
}

static int run_noun(const struct noun *noun, int count, char **arguments)
{
    struct cli cli = {.terminal = isatty(STDERR_FILENO) == 1};
    struct client_settings settings = {0};
    struct config config;
    struct error err = {0};
    bool ok = false;
    int code;

    settings_find();
    if (!load(&config, CONFIG_CLIENT))
        return EXIT_MISUSE;
    if (!args_read(noun, count, arguments, &cli.args, &err)) {
        cli.misused = true;
    } else {
        settings.url = args_value(&cli.args, "--url", 0);
        settings.key = args_value(&cli.args, "--key", 0);
        settings.url = settings.url == NULL ? config.url : settings.url;
        settings.key = settings.key == NULL ? config.api_key : settings.key;
        settings.ca_file = config.ca_file;
        cli.json = args_has(&cli.args, "--json");
        cli.client = client_new(&settings, &err);
        cli.misused = cli.client == NULL;
        ok = cli.client != NULL && cli.args.verb->run(&cli, &err);
    }
    if (!ok)
        print_failure(&cli, &err);
    code = ok ? EXIT_OK : exit_code(&cli, &err);
    client_free(cli.client);
    return code;
}

/* The operator's form of keys works on the database. */
static bool is_operators(int count, char **arguments)
{
    return has_word(count, arguments, "--account");
}

static int run_word(const char *word, int count, char **arguments)
{
    const char *names[NOUNS_COUNT + COMMANDS_COUNT];
    const char *near;
    size_t names_count = 0;

    for (size_t at = 0; at < NOUNS_COUNT; at++) {
        names[names_count++] = NOUNS[at]->name;
        if (strcmp(NOUNS[at]->name, word) != 0)
            continue;
        if (has_word(count, arguments, "--help") || has_word(count, arguments, "-h")) {
            args_help(NOUNS[at], stdout);
            return EXIT_OK;
        }
        if (NOUNS[at] != &cli_keys || !is_operators(count, arguments))
            return run_noun(NOUNS[at], count, arguments);
    }
    for (size_t at = 0; at < COMMANDS_COUNT; at++) {
        names[names_count++] = COMMANDS[at].name;
        if (strcmp(COMMANDS[at].name, word) == 0)
            return run_command(&COMMANDS[at], count, arguments);
    }
    near = nearest_word(word, names, names_count);
    fprintf(stderr, "trainyard: there is no command %s", word);
    if (near != NULL)
        fprintf(stderr, "; did you mean %s?\n", near);
    else
        fprintf(stderr, "; see trainyard --help\n");
    return EXIT_MISUSE;
}

int main(int count, char **arguments)
{
    int code = EXIT_OK;

    if (count == 1) {
        print_help(stderr);
        return EXIT_MISUSE;
    }
    if (strcmp(arguments[1], "--version") == 0) {
        puts("trainyard " TRAINYARD_VERSION);
        return EXIT_OK;
    }
    if (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    code = run_word(arguments[1], count - 2, arguments + 2);
    curl_global_cleanup();
    if (fflush(stdout) != 0 && code == EXIT_OK)
        code = EXIT_FAILED;
    return code;
}
