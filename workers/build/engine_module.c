/* engine_module.c - see engine_module.h. */
#include "workers/build/engine_module.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Where a module may lie, seen from the program's folder. */
static const char *const PLACES[] = {"../lib", "../lib/trainyard"};

const void *module_open(const char *file, const char *symbol, struct error *err)
{
    char program[PATH_MAX];
    char path[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    const char *folder;
    void *library = NULL;
    const void *module = NULL;

    program[length < 0 ? 0 : length] = '\0';
    folder = dirname(program);
    for (size_t at = 0; at < sizeof PLACES / sizeof *PLACES && library == NULL; at++) {
        snprintf(path, sizeof path, "%s/%s/%s", folder, PLACES[at], file);
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    if (library != NULL)
        module = dlsym(library, symbol);
    if (module == NULL) {
        error_set(err, ERROR_INTERNAL, "a part could not be opened: is %.60s installed?", file);
        error_detail(err, "%s", dlerror());
    }
    return module;
}

const struct engine_module *engine_module_open(struct error *err)
{
    return module_open(ENGINE_MODULE_FILE, ENGINE_MODULE_SYMBOL, err);
}
