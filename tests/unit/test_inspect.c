/* test_inspect.c - the child that reads files, played by small scripts. */
#include "api/inspect.h"
#include "infra/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char path[64];
};

static int with_script(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    int file;

    strcpy(f->path, "/tmp/test_inspect_XXXXXX");
    file = mkstemp(f->path);
    assert_true(file >= 0);
    close(file);
    *state = f;
    return 0;
}

static int without_script(void **state)
{
    struct fixture *f = *state;

    unlink(f->path);
    free(f);
    return 0;
}

static json_t *run(struct fixture *f, const char *body, int limit_ms, struct error *err)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", body);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(f->path, 0700), 0);
    *err = (struct error){0};
    return inspect_file_within(f->path, "my data.csv", "/blobs/ab/abc", limit_ms, err);
}

static void the_answer_of_the_child_is_given_back(void **state)
{
    struct error err;
    json_t *answer = run(*state,
                         "[ \"$*\" = 'inspect --name my data.csv /blobs/ab/abc' ] || exit 3\n"
                         "echo '{\"rows\": 3, \"columns\": [{\"name\": \"a\"}]}'",
                         10000, &err);

    assert_non_null(answer);
    assert_int_equal(json_integer_value(json_object_get(answer, "rows")), 3);
    json_decref(answer);
}

static void what_the_child_says_is_wrong_is_told(void **state)
{
    struct error err;

    assert_null(run(*state,
                    "echo '{\"error\": {\"code\": \"validation_error\","
                    " \"message\": \"the file is empty\"}}'; exit 1",
                    10000, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
    assert_string_equal(err.message, "the file is empty");
    assert_null(run(*state,
                    "echo '{\"error\": {\"code\": \"payload_too_large\", \"message\": \"wide\"}}'"
                    "; exit 1",
                    10000, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
    assert_null(run(*state,
                    "echo '{\"error\": {\"code\": \"out_of_memory\", \"message\": \"later\"}}'"
                    "; exit 1",
                    10000, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
}

static void a_crash_is_a_file_that_cannot_be_read(void **state)
{
    static const char *const BODIES[] = {"kill -9 $$",    "exit 1",    "true",
                                         "echo nonsense", "echo '[]'", "echo '{}'"};
    struct error err;

    for (size_t at = 0; at < sizeof BODIES / sizeof *BODIES; at++) {
        assert_null(run(*state, BODIES[at], 10000, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
    }
}

static void a_child_that_takes_too_long_is_killed(void **state)
{
    int64_t start_ms = clock_monotonic_ms();
    struct error err;

    assert_null(run(*state, "exec sleep 60", 200, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
    assert_non_null(strstr(err.message, "took longer"));
    assert_true(clock_monotonic_ms() - start_ms < 10000);
}

static void a_child_that_floods_is_killed(void **state)
{
    struct error err;

    assert_null(run(*state, "exec yes", 60000, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
}

static void a_program_that_is_not_there_is_no_fault_of_the_file(void **state)
{
    struct error err = {0};

    (void)state;
    assert_null(inspect_file("/nonexistent/worker", "a.csv", "/x", &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

#define WITH_SCRIPT(test) cmocka_unit_test_setup_teardown(test, with_script, without_script)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCRIPT(the_answer_of_the_child_is_given_back),
        WITH_SCRIPT(what_the_child_says_is_wrong_is_told),
        WITH_SCRIPT(a_crash_is_a_file_that_cannot_be_read),
        WITH_SCRIPT(a_child_that_takes_too_long_is_killed),
        WITH_SCRIPT(a_child_that_floods_is_killed),
        WITH_SCRIPT(a_program_that_is_not_there_is_no_fault_of_the_file),
    };

    return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
