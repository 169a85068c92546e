/* migrate.c - trainyard migrate: brings the database to this program's schema. */
#include "api/cli/command.h"
#include "infra/store/migrations.h"

#include <stdio.h>
#include <stdlib.h>

int command_migrate(const struct config *config, int count, char **arguments)
{
    struct error err = {0};
    struct pg *db = NULL;
    int applied = 0;
    bool ok;

    if (command_no_options(count, arguments, &err))
        db = pg_open(config->database_url, &err);
    ok = db != NULL && migrations_run(db, &applied, &err);
    pg_close(db);
    if (!ok)
        return command_fail(&err);
    fprintf(stderr, applied == 0 ? "the database is up to date\n" : "%d migrations applied\n",
            applied);
    return EXIT_SUCCESS;
}
