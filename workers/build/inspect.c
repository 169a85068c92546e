/* inspect.c - looking at a file in a child, see build_child.h. */
#include "infra/base/buffer.h"
#include "workers/build/build_child.h"
#include "workers/build/engine_module.h"
#include "workers/build/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MOST = 50, DEFAULT_MEMORY_MB = 2048, TIMEOUT_S = 120 };

static bool parse(int count, char **arguments, struct build_file *files, size_t *files_count,
                  int *memory_mb, struct error *err)
{
    const char *name = NULL;

    for (int at = 0; at < count; at++) {
        if (strcmp(arguments[at], "--memory-mb") == 0 && at + 1 < count)
            *memory_mb = atoi(arguments[++at]);
        else if (strcmp(arguments[at], "--name") == 0 && at + 1 < count)
            name = arguments[++at];
        else if (*files_count == FILES_MOST)
            return error_set(err, ERROR_VALIDATION, "more than %d files", FILES_MOST);
        else {
            files[(*files_count)++] = (struct build_file){.path = arguments[at], .name = name};
            name = NULL;
        }
    }
    if (*files_count == 0 || *memory_mb <= 0)
        return error_set(err, ERROR_INVALID_REQUEST,
                         "usage: trainyard-worker inspect [--memory-mb N] [--name NAME] FILE ...");
    return true;
}

static void print_error(const struct error *err)
{
    struct buffer line = {0};

    buffer_printf(&line, "{\"error\":{\"code\":\"%s\",\"message\":", error_name(err->code));
    buffer_add_json(&line, err->message, strlen(err->message));
    buffer_add_text(&line, "}}\n");
    fputs(line.failed ? "{}\n" : line.data, stdout);
    buffer_clear(&line);
}

int inspect_main(int count, char **arguments)
{
    struct build_file files[FILES_MOST];
    size_t files_count = 0;
    int memory_mb = DEFAULT_MEMORY_MB;
    const struct engine_module *module;
    struct error err = {0};
    char *json = NULL;
    bool ok;

    ok = parse(count, arguments, files, &files_count, &memory_mb, &err) &&
         limits_set(memory_mb, TIMEOUT_S, &err) && (module = engine_module_open(&err)) != NULL &&
         module->inspect(files, files_count, (size_t)memory_mb << 20, &json, &err);
    if (ok)
        puts(json);
    else
        print_error(&err);
    if (*err.detail != '\0')
        fprintf(stderr, "%s\n", err.detail);
    free(json);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
