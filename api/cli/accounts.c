/* accounts.c - trainyard accounts: the plan of an account, set by an operator. */
#include "api/cli/command.h"
#include "infra/store/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const OPTIONS[] = {"--account", "--plan", NULL};

bool command_plan_check(const char *plan, struct error *err)
{
    return strcmp(plan, "basic") == 0 || strcmp(plan, "pro") == 0 ||
           strcmp(plan, "unlimited") == 0 ||
           error_set(err, ERROR_INVALID_REQUEST, "--plan is basic, pro or unlimited");
}

static bool set(const struct config *config, int count, char **arguments, struct error *err)
{
    const char *account;
    const char *plan;
    struct pg *db;
    bool ok;

    if (!command_option(count, arguments, OPTIONS, "--account", NULL, &account, err) ||
        !command_option(count, arguments, OPTIONS, "--plan", NULL, &plan, err) ||
        !command_plan_check(plan, err))
        return false;
    db = pg_open(config->database_url, err);
    ok = db != NULL && accounts_set_plan(db, account, plan, err);
    pg_close(db);
    if (ok)
        fprintf(stderr, "the account %s has the plan %s now\n", account, plan);
    return ok;
}

int command_accounts(const struct config *config, int count, char **arguments)
{
    struct error err = {0};

    if (count == 0 || strcmp(arguments[0], "set") != 0)
        error_set(&err, ERROR_INVALID_REQUEST, "trainyard accounts knows: set");
    else if (set(config, count - 1, arguments + 1, &err))
        return EXIT_SUCCESS;
    return command_fail(&err);
}
