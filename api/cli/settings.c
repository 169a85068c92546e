/* settings.c - see settings.h. */
#include "api/cli/settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0';
}

static void take(const char *line)
{
    static const char *const NAMES[] = {"TRAINYARD_URL", "TRAINYARD_API_KEY"};

    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++) {
        size_t length = strlen(NAMES[at]);

        if (strncmp(line, NAMES[at], length) == 0 && line[length] == '=' && !is_set(NAMES[at]))
            setenv(NAMES[at], line + length + 1, 1);
    }
}

void settings_find(void)
{
    const char *home = getenv("TRAINYARD_HOME");
    char path[1024];
    char line[1024];
    FILE *file;

    if (is_set("TRAINYARD_URL"))
        return;
    snprintf(path, sizeof path, "%s/env", home == NULL || *home == '\0' ? ".trainyard" : home);
    file = fopen(path, "r");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        take(line);
    }
    fclose(file);
}
