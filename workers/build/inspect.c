/* inspect.c - looking at a file in a child, see build_child.h. */
#include "infra/base/buffer.h"
#include "workers/build/build_child.h"
#include "workers/build/engine_module.h"
#include "workers/build/limits.h"
#include "workers/build/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MOST = 50, DEFAULT_MEMORY_MB = 2048, TIMEOUT_S = 900 };

/* What the arguments ask for. */
struct request {
    struct build_file files[FILES_MOST];
    size_t files_count;
    int memory_mb;
    int offset;              /* of the rows to show */
    int limit;               /* -1: the table is to be inspected, no rows shown */
    const char *unpack_into; /* NULL: it is no archive */
    int most_mb;
};

static bool usage(struct error *err)
{
    return error_set(err, ERROR_INVALID_REQUEST,
                     "usage: trainyard-worker inspect [--memory-mb N] [--offset N --limit N] "
                     "[--unpack INTO --most-mb N] [--name NAME] FILE ...");
}

static bool parse(int count, char **arguments, struct request *request, struct error *err)
{
    const struct {
        const char *option;
        int *number;
        const char **text;
    } options[] = {
        {"--memory-mb", &request->memory_mb, NULL}, {"--offset", &request->offset, NULL},
        {"--limit", &request->limit, NULL},         {"--most-mb", &request->most_mb, NULL},
        {"--unpack", NULL, &request->unpack_into},
    };
    const char *name = NULL;

    for (int at = 0; at < count; at++) {
        size_t option = 0;

        while (option < sizeof options / sizeof *options &&
               strcmp(arguments[at], options[option].option) != 0)
            option++;
        if (option < sizeof options / sizeof *options && at + 1 < count) {
            if (options[option].number != NULL)
                *options[option].number = atoi(arguments[++at]);
            else
                *options[option].text = arguments[++at];
        } else if (strcmp(arguments[at], "--name") == 0 && at + 1 < count) {
            name = arguments[++at];
        } else if (request->files_count == FILES_MOST) {
            return error_set(err, ERROR_VALIDATION, "more than %d files", FILES_MOST);
        } else {
            request->files[request->files_count++] =
                (struct build_file){.path = arguments[at], .name = name};
            name = NULL;
        }
    }
    return (request->files_count > 0 && request->memory_mb > 0 && request->offset >= 0 &&
            (request->files_count == 1 || (request->unpack_into == NULL && request->limit < 0))) ||
           usage(err);
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

/* The engine's answer; of an archive's table with its name as "member". */
static void print_answer(const char *json, const char *member)
{
    struct buffer text = {0};

    if (*member == '\0') {
        puts(json);
        return;
    }
    buffer_add_text(&text, "{\"member\":");
    buffer_add_json(&text, member, strlen(member));
    buffer_printf(&text, ",%s", json + 1);
    puts(text.failed ? "{}" : text.data);
    buffer_clear(&text);
}

/* Puts the table that is in the archive in its place. */
static bool unpack(struct request *request, char member[static UNPACK_NAME_BYTES],
                   struct error *err)
{
    struct build_file *file = &request->files[0];

    if (!unpack_table(file->path, file->name == NULL ? "the archive" : file->name,
                      request->unpack_into, (int64_t)request->most_mb << 20, member, err))
        return false;
    *file = (struct build_file){.path = request->unpack_into, .name = member};
    return true;
}

static bool look(const struct request *request, char **json, struct error *err)
{
    const struct engine_module *module = engine_module_open(err);
    size_t memory_bytes = (size_t)request->memory_mb << 20;

    if (module == NULL)
        return false;
    return request->limit < 0
               ? module->inspect(request->files, request->files_count, memory_bytes, json, err)
               : module->preview(&request->files[0], (size_t)request->offset,
                                 (size_t)request->limit, memory_bytes, json, err);
}

int inspect_main(int count, char **arguments)
{
    struct request request = {.memory_mb = DEFAULT_MEMORY_MB, .limit = -1};
    char member[UNPACK_NAME_BYTES] = "";
    struct error err = {0};
    char *json = NULL;
    bool ok;

    ok = parse(count, arguments, &request, &err) &&
         limits_set(request.memory_mb, TIMEOUT_S, &err) &&
         (request.unpack_into == NULL || unpack(&request, member, &err)) &&
         look(&request, &json, &err);
    if (ok)
        print_answer(json, member);
    else
        print_error(&err);
    if (*err.detail != '\0')
        fprintf(stderr, "%s\n", err.detail);
    free(json);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
