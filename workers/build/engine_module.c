/* engine_module.c - see engine_module.h. */
#include "workers/build/engine_module.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Where the module may lie, seen from the program's folder. */
static const char *const PLACES[] = {"../lib/libtrainyard-engine.so",
                                     "../lib/trainyard/libtrainyard-engine.so"};

const struct engine_module *engine_module_open(struct error *err)
{
    char program[PATH_MAX];
    char path[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    const char *folder;
    void *library = NULL;
    const struct engine_module *module = NULL;

    program[length < 0 ? 0 : length] = '\0';
    folder = dirname(program);
    for (size_t at = 0; at < sizeof PLACES / sizeof *PLACES && library == NULL; at++) {
        snprintf(path, sizeof path, "%s/%s", folder, PLACES[at]);
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    if (library != NULL)
        module = dlsym(library, "trainyard_engine");
    if (module == NULL) {
        error_set(err, ERROR_INTERNAL,
                  "the engine could not be opened: is libtrainyard-engine.so installed?");
        error_detail(err, "%s", dlerror());
    }
    return module;
}
