/* command.c - see command.h. */
#include "api/cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int command_fail(const struct error *err)
{
    fprintf(stderr, "trainyard: %s\n", err->message);
    if (*err->detail != '\0')
        fprintf(stderr, "  (%s)\n", err->detail);
    return EXIT_FAILURE;
}

static bool is_known(const char *const *known, const char *name)
{
    for (; *known != NULL; known++)
        if (strcmp(*known, name) == 0)
            return true;
    return false;
}

bool command_option(int count, char **arguments, const char *const *known, const char *name,
                    const char *fallback, const char **value, struct error *err)
{
    *value = fallback;
    for (int at = 0; at < count; at += 2) {
        if (!is_known(known, arguments[at]))
            return error_set(err, ERROR_INVALID_REQUEST,
                             "unknown option %.64s; see trainyard --help", arguments[at]);
        if (at + 1 == count)
            return error_set(err, ERROR_INVALID_REQUEST, "the option %.64s wants a value",
                             arguments[at]);
        if (strcmp(arguments[at], name) == 0)
            *value = arguments[at + 1];
    }
    if (*value == NULL)
        return error_set(err, ERROR_INVALID_REQUEST,
                         "the option %.64s is missing; see trainyard --help", name);
    return true;
}

bool command_no_options(int count, char **arguments, struct error *err)
{
    return count == 0 || error_set(err, ERROR_INVALID_REQUEST,
                                   "unknown argument %.64s; see trainyard --help", arguments[0]);
}
