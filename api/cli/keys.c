/* keys.c - trainyard keys: the keys of an account, made by an operator. */
#include "api/cli/command.h"
#include "infra/store/accounts.h"
#include "infra/store/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const OPTIONS[] = {"--account", "--permission", "--name", "--plan", NULL};

static bool create(const struct config *config, int count, char **arguments, struct error *err)
{
    const char *account;
    const char *permission;
    const char *name;
    const char *plan;
    char key[KEY_BYTES];
    struct id account_id;
    struct id key_id;
    struct pg *db;
    bool ok;

    if (!command_option(count, arguments, OPTIONS, "--account", NULL, &account, err) ||
        !command_option(count, arguments, OPTIONS, "--permission", "read_write", &permission,
                        err) ||
        !command_option(count, arguments, OPTIONS, "--name", "operator", &name, err) ||
        !command_option(count, arguments, OPTIONS, "--plan", "", &plan, err))
        return false;
    if (strcmp(permission, "read_only") != 0 && strcmp(permission, "read_write") != 0)
        return error_set(err, ERROR_INVALID_REQUEST, "--permission is read_only or read_write");
    if (*plan != '\0' && !command_plan_check(plan, err))
        return false;
    db = pg_open(config->database_url, err);
    ok = db != NULL && pg_begin(db, err) &&
         accounts_find_or_create(db, account, &account_id, err) &&
         (*plan == '\0' || accounts_set_plan(db, account, plan, err)) &&
         keys_create(
             db,
             &(struct new_key){.account = account_id.text, .name = name, .permission = permission},
             &key_id, key, err) &&
         pg_commit(db, err);
    pg_close(db);
    if (!ok)
        return false;
    fprintf(stderr, "key %s (%s) of account %s; it is shown only now:\n", key_id.text, permission,
            account);
    puts(key);
    return true;
}

int command_keys(const struct config *config, int count, char **arguments)
{
    struct error err = {0};

    if (count == 0 || strcmp(arguments[0], "create") != 0)
        error_set(&err, ERROR_INVALID_REQUEST, "trainyard keys knows: create");
    else if (create(config, count - 1, arguments + 1, &err))
        return EXIT_SUCCESS;
    return command_fail(&err);
}
