/* test_routes.c - paths are taken apart, routes are found, and openapi.yaml tells of all. */
#include "api/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static const char *find(const char *method, const char *raw, unsigned flags, struct error *err)
{
    struct path path;
    char allow[ALLOW_BYTES];
    const struct route *route;

    if (!path_read(&path, raw, err))
        return NULL;
    route = routes_find(method, &path, flags, allow, err);
    return route == NULL ? NULL : route->operation;
}

static void a_path_has_one_operation(void **state)
{
    static const struct {
        const char *method, *path, *operation;
    } CASES[] = {
        {"GET", "/models", "listModels"},
        {"GET", "/models/", "listModels"},
        {"HEAD", "/models", "listModels"},
        {"GET", "/models/build-logs", "getBuildLogs"},
        {"GET", "/models/list", "listModelsList"},
        {"POST", "/models/build", "createModelBuild"},
        {"POST", "/models/a/create", "createModelCreate"},
        {"GET", "/v0/models/a", "getModel"},
        {"GET", "/v1/models/a", "getModel"},
        {"GET", "/v1/healthz", "getHealthz"},
        {"GET", "/v1", NULL},
        {"GET", "/v2/models", NULL},
        {"GET", "/v1/v0/models", NULL},
        {"GET", "/models/a", "getModel"},
        {"POST", "/models/a", "createModel"},
        {"PATCH", "/models/a", "updateModel"},
        {"DELETE", "/models/a", "deleteModel"},
        {"GET", "/models/a/versions", "listModelVersions"},
        {"POST", "/models/a/versions", "createModelVersion"},
        {"POST", "/models/a/retrain", "retrainModel"},
        {"GET", "/models/a/v1.0", "getModelVersion"},
        {"GET", "/models/a/v1.0/status", "getModelStatus"},
        {"POST", "/models/a/1/infer", "makePrediction"},
        {"POST", "/uploads/status", "confirmUpload"},
        {"GET", "/uploads/status", NULL},
        {"GET", "/jobs/x", "getJob"},
        {"GET", "/jobs/x/logs", "getJobLogs"},
        {"POST", "/jobs/x/cancel", "cancelJob"},
    };
    struct error err = {0};

    (void)state;
    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++) {
        const char *operation = find(CASES[at].method, CASES[at].path, 0, &err);

        if (CASES[at].operation == NULL)
            assert_null(operation);
        else
            assert_string_equal(operation, CASES[at].operation);
    }
}

static void a_wrong_path_or_method_is_told_apart(void **state)
{
    static const struct {
        const char *method, *path;
        enum error_code code;
    } CASES[] = {
        {"GET", "/", ERROR_NOT_FOUND},
        {"GET", "", ERROR_NOT_FOUND},
        {"GET", "models", ERROR_NOT_FOUND},
        {"GET", "/nothing", ERROR_NOT_FOUND},
        {"GET", "//models", ERROR_NOT_FOUND},
        {"GET", "/models//v1.0", ERROR_NOT_FOUND},
        {"GET", "/models/a/b/c/d", ERROR_NOT_FOUND},
        {"GET", "/1/2/3/4/5/6/7/8/9/10", ERROR_NOT_FOUND},
        {"DELETE", "/models", ERROR_METHOD},
        {"POST", "/models/build-logs", ERROR_METHOD},
        {"get", "/models", ERROR_METHOD},
        {"GET", "/models/%", ERROR_INVALID_REQUEST},
        {"GET", "/models/%4", ERROR_INVALID_REQUEST},
        {"GET", "/models/%zz", ERROR_INVALID_REQUEST},
        {"GET", "/models/%00", ERROR_INVALID_REQUEST},
        {"GET", "/models/%ff", ERROR_INVALID_REQUEST},
    };

    (void)state;
    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++) {
        struct error err = {0};

        assert_null(find(CASES[at].method, CASES[at].path, 0, &err));
        assert_int_equal(err.code, CASES[at].code);
    }
}

static void what_is_allowed_is_listed(void **state)
{
    struct error err = {0};
    char allow[ALLOW_BYTES];
    struct path path;

    (void)state;
    assert_true(path_read(&path, "/models/a", &err));
    assert_null(routes_find("PUT", &path, 0, allow, &err));
    assert_string_equal(allow, "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
    assert_true(path_read(&path, "/models/build-logs", &err));
    assert_null(routes_find("POST", &path, 0, allow, &err));
    assert_string_equal(allow, "GET, HEAD, OPTIONS");
}

static void the_predict_port_knows_predictions_only(void **state)
{
    struct error err = {0};

    (void)state;
    assert_string_equal(find("POST", "/models/a/1/infer", ROUTE_PREDICT, &err), "makePrediction");
    assert_string_equal(find("GET", "/healthz", ROUTE_PREDICT, &err), "getHealthz");
    assert_null(find("GET", "/models", ROUTE_PREDICT, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void parts_are_decoded(void **state)
{
    struct error err = {0};
    char allow[ALLOW_BYTES];
    struct path path;
    const struct route *route;

    (void)state;
    assert_true(path_read(&path, "/models/a%2Fb%c3%a9/v1%2e0/status", &err));
    route = routes_find("GET", &path, 0, allow, &err);
    assert_non_null(route);
    assert_string_equal(route_part(route, &path, "name"), "a/b\xc3\xa9");
    assert_string_equal(route_part(route, &path, "version"), "v1.0");
    assert_null(route_part(route, &path, "other"));
}

static void the_first_part_may_name_a_dialect(void **state)
{
    struct error err = {0};
    struct path path;

    (void)state;
    assert_true(path_read(&path, "/v0/models/v1", &err));
    assert_int_equal(path.dialect, DIALECT_V0);
    assert_int_equal(path.count, 2);
    assert_string_equal(path.parts[1], "v1");
    assert_true(path_read(&path, "/v1/models", &err));
    assert_int_equal(path.dialect, DIALECT_TODAY);
    assert_true(path_read(&path, "/models", &err));
    assert_int_equal(path.dialect, DIALECT_TODAY);
}

static json_t *spoken(enum dialect dialect, const char *text)
{
    json_t *answer = json_loads(text, 0, NULL);

    assert_non_null(answer);
    dialect_speak(dialect, answer);
    return answer;
}

static void a_dialect_has_its_own_words_for_statuses(void **state)
{
    static const struct {
        const char *today, *v0;
    } CASES[] = {
        {"{\"status\":\"READY\"}", "{\"status\":\"completed\"}"},
        {"{\"status\":\"BUILDING\"}", "{\"status\":\"processing\"}"},
        {"{\"status\":\"DRAFT\"}", "{\"status\":\"pending\"}"},
        {"{\"status\":\"ERROR\"}", "{\"status\":\"failed\"}"},
        {"{\"status\":\"CANCELLING\"}", "{\"status\":\"cancelling\"}"},
        {"{\"jobs\":[{\"status\":\"RUNNING\"}, 3]}", "{\"jobs\":[{\"status\":\"running\"}, 3]}"},
        {"{\"data\":[{\"status\":\"READY\"}]}", "{\"data\":[{\"status\":\"READY\"}]}"},
        {"{\"result\":{\"status\":\"READY\"}}", "{\"result\":{\"status\":\"READY\"}}"},
        {"{\"status\":200}", "{\"status\":200}"},
        {"[{\"status\":\"READY\"}]", "[{\"status\":\"READY\"}]"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++) {
        json_t *today = spoken(DIALECT_TODAY, CASES[at].today);
        json_t *same = json_loads(CASES[at].today, 0, NULL);
        json_t *old = spoken(DIALECT_V0, CASES[at].today);
        json_t *expected = json_loads(CASES[at].v0, 0, NULL);

        assert_true(json_equal(today, same));
        assert_true(json_equal(old, expected));
        json_decref(today);
        json_decref(same);
        json_decref(old);
        json_decref(expected);
    }
    dialect_speak(DIALECT_V0, NULL);
}

static void a_path_that_is_too_long_is_unknown(void **state)
{
    struct error err = {0};
    struct path path;
    char raw[3 * PATH_BYTES];

    (void)state;
    memset(raw, 'a', sizeof raw);
    raw[0] = '/';
    for (size_t length = PATH_BYTES - 4; length < PATH_BYTES + 4; length++) {
        raw[length] = '\0';
        if (!path_read(&path, raw, &err))
            assert_int_equal(err.code, ERROR_NOT_FOUND);
        raw[length] = 'a';
    }
    raw[sizeof raw - 1] = '\0';
    assert_false(path_read(&path, raw, &err));
}

/* openapi.yaml: operations are found by indentation, as the file is written. */

struct operation {
    char method[8];
    char path[128];
    char id[64];
};

enum { OPERATIONS_MOST = 200 };

static size_t read_openapi(struct operation *operations)
{
    FILE *file = fopen(TRAINYARD_SOURCE_DIR "/schemas/openapi.yaml", "r");
    char line[512];
    char path[128] = "";
    char method[8] = "";
    size_t count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char word[64];

        if (strncmp(line, "  /", 3) == 0 && sscanf(line, "  /%63[^:]", word) == 1)
            snprintf(path, sizeof path, "/%s", word);
        else if (strncmp(line, "    ", 4) == 0 && sscanf(line + 4, "%7[a-z]:", word) == 1)
            memcpy(method, word, sizeof method);
        else if (sscanf(line, "      operationId: %63s", word) == 1) {
            assert_true(count < OPERATIONS_MOST);
            strcpy(operations[count].path, path);
            strcpy(operations[count].method, method);
            strcpy(operations[count++].id, word);
        }
    }
    fclose(file);
    return count;
}

/* Whether a path of a route and one of openapi.yaml are the same but for the names of parts. */
static bool same_path(const char *route, const char *openapi)
{
    while (*route != '\0' && *openapi != '\0') {
        if (*route == ':' && *openapi == '{') {
            route += strcspn(route, "/");
            openapi += strcspn(openapi, "/");
        } else if (*route++ != *openapi++) {
            return false;
        }
    }
    return *route == *openapi;
}

static bool same_method(const char *route, const char *openapi)
{
    return strcasecmp(route, openapi) == 0;
}

static void openapi_tells_of_every_route(void **state)
{
    static struct operation operations[OPERATIONS_MOST];
    size_t count = read_openapi(operations);

    (void)state;
    for (size_t at = 0; routes_at(at) != NULL; at++) {
        const struct route *route = routes_at(at);
        bool told = false;

        for (size_t other = 0; other < count && !told; other++)
            told = same_path(route->path, operations[other].path) &&
                   same_method(route->method, operations[other].method) &&
                   strcmp(route->operation, operations[other].id) == 0;
        if (!told)
            fail_msg("openapi.yaml does not tell of %s %s (%s)", route->method, route->path,
                     route->operation);
    }
    assert_int_equal(count, routes_count());
}

static void literal_paths_stand_first(void **state)
{
    struct error err = {0};

    (void)state;
    for (size_t at = 0; routes_at(at) != NULL; at++)
        if (strchr(routes_at(at)->path, ':') == NULL)
            assert_string_equal(find(routes_at(at)->method, routes_at(at)->path, 0, &err),
                                routes_at(at)->operation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_has_one_operation),
        cmocka_unit_test(a_wrong_path_or_method_is_told_apart),
        cmocka_unit_test(what_is_allowed_is_listed),
        cmocka_unit_test(the_predict_port_knows_predictions_only),
        cmocka_unit_test(parts_are_decoded),
        cmocka_unit_test(a_path_that_is_too_long_is_unknown),
        cmocka_unit_test(the_first_part_may_name_a_dialect),
        cmocka_unit_test(a_dialect_has_its_own_words_for_statuses),
        cmocka_unit_test(openapi_tells_of_every_route),
        cmocka_unit_test(literal_paths_stand_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
