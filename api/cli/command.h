/*
 * command.h - the commands of operators, which work on the database and on Kafka. Those of clients,
 * which work through the API, are in cli.h.
 *
 * A command reads its own arguments, prints results on stdout and all else on stderr, and returns
 * the exit code.
 */
#ifndef TRAINYARD_API_CLI_COMMAND_H
#define TRAINYARD_API_CLI_COMMAND_H

#include "infra/base/config.h"
#include "infra/postgres/pg.h"

struct command {
    const char *name;
    const char *arguments; /* for --help */
    const char *help;
    enum config_program needs; /* which settings it reads */
    int (*run)(const struct config *config, int count, char **arguments);
};

int command_migrate(const struct config *config, int count, char **arguments);
int command_topics(const struct config *config, int count, char **arguments);
int command_keys(const struct config *config, int count, char **arguments);
int command_accounts(const struct config *config, int count, char **arguments);

/* Prints what went wrong; returns the exit code. */
int command_fail(const struct error *err);

/* The value of an option such as --account, or fallback; names one that is unknown in err. */
MUST_CHECK bool command_option(int count, char **arguments, const char *const *known,
                               const char *name, const char *fallback, const char **value,
                               struct error *err);

/* For commands without options: false when there is an argument. */
MUST_CHECK bool command_no_options(int count, char **arguments, struct error *err);

/* Whether plan is basic, pro or unlimited. */
MUST_CHECK bool command_plan_check(const char *plan, struct error *err);

#endif
