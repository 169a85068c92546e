/* main.c - trainyard: what operators do beside the API. */
#include "api/cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command COMMANDS[] = {
    {"migrate", "",
     "brings the database to this program's schema; safe to run again, and by several at once",
     command_migrate},
    {"topics", "", "makes the Kafka topics that are missing", command_topics},
    {"keys",
     "create --account NAME [--permission read_write|read_only] [--name NAME]\n"
     "                        [--plan basic|pro|unlimited]",
     "makes a key, and the account if it is new (then unlimited, unless told); prints the key "
     "alone "
     "on\n      stdout",
     command_keys},
    {"accounts", "set --account NAME --plan basic|pro|unlimited",
     "changes how many requests a minute a key of the account has: 100, 500, or as many as come",
     command_accounts},
};

enum { COMMANDS_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static void print_help(FILE *out)
{
    fprintf(out, "trainyard - operates Trainyard\n\nUsage:\n");
    for (size_t at = 0; at < COMMANDS_COUNT; at++)
        fprintf(out, "  trainyard %s %s\n      %s\n", COMMANDS[at].name, COMMANDS[at].arguments,
                COMMANDS[at].help);
    fprintf(out, "  trainyard --help | --version\n\n");
    config_help(out, CONFIG_CLI);
}

static bool wants_help(int count, char **arguments)
{
    for (int at = 1; at < count; at++)
        if (strcmp(arguments[at], "--help") == 0 || strcmp(arguments[at], "-h") == 0)
            return true;
    return false;
}

static int run(const struct command *command, int count, char **arguments)
{
    struct config config;
    struct buffer problems = {0};
    int code = EXIT_FAILURE;

    if (config_load(&config, CONFIG_CLI, getenv, &problems)) {
        config_start_log(&config, "trainyard");
        code = command->run(&config, count, arguments);
    } else {
        fprintf(stderr, "trainyard cannot start:\n%s",
                problems.failed ? "out of memory\n" : problems.data);
    }
    buffer_clear(&problems);
    return code;
}

int main(int count, char **arguments)
{
    if (wants_help(count, arguments)) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (count > 1 && strcmp(arguments[1], "--version") == 0) {
        puts("trainyard " TRAINYARD_VERSION);
        return EXIT_SUCCESS;
    }
    for (size_t at = 0; count > 1 && at < COMMANDS_COUNT; at++)
        if (strcmp(COMMANDS[at].name, arguments[1]) == 0)
            return run(&COMMANDS[at], count - 2, arguments + 2);
    if (count > 1)
        fprintf(stderr, "trainyard: there is no command %s\n\n", arguments[1]);
    print_help(stderr);
    return EXIT_FAILURE;
}
