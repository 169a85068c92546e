/* test_engine_module.c - the trainer opens as a module, and the process needs nothing else. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/train/module.h"
#include "tests/unit/engine/tables.h"

static void the_module_inspects_a_table(void **state)
{
    void *library = dlopen(ENGINE_MODULE_PATH, RTLD_NOW | RTLD_LOCAL);
    const struct engine_module *module;
    struct build_file file = {data_path("penguins.csv"), "penguins.csv"};
    struct error err = {0};
    char *json = NULL;

    (void)state;
    assert_non_null(library);
    module = dlsym(library, ENGINE_MODULE_SYMBOL);
    assert_non_null(module);
    assert_non_null(module->version);
    assert_non_null(module->build);
    assert_true(module->inspect(&file, 1, 0, &json, &err));
    assert_non_null(strstr(json, "\"rows\":344"));
    free(json);
    assert_null(dlsym(library, "build_model"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_module_inspects_a_table)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
