/*
 * router.c - fuzz target: the first line of a request and its headers, up to the handler.
 *
 * An input is METHOD PATH?QUERY, then a header a line, such as "Last-Event-ID: 1.2".
 */
#include "api/call_private.h"
#include "api/log_text.h"
#include "api/query.h"
#include "tests/fuzz/fuzz.h"

#include <microhttpd.h>
#include <string.h>
#include <ulfius.h>

enum { LINES_MOST = 16, PAIRS_MOST = 32 };

/* Fills the map with name=value pairs between ampersands, decoded as the library does. */
static void read_query(char *query, struct _u_map *map)
{
    char *rest = query;
    char *pair;

    for (int at = 0; at < PAIRS_MOST && (pair = strsep(&rest, "&")) != NULL; at++) {
        char *value = strchr(pair, '=');

        if (value != NULL)
            *value++ = '\0';
        MHD_http_unescape(pair);
        if (value != NULL)
            MHD_http_unescape(value);
        u_map_put(map, pair, value == NULL ? "" : value);
    }
}

static void read_headers(char *lines, struct _u_map *map)
{
    char *rest = lines;
    char *line;

    for (int at = 0; at < LINES_MOST && (line = strsep(&rest, "\n")) != NULL; at++) {
        char *value = strstr(line, ": ");

        if (value == NULL)
            continue;
        *value = '\0';
        u_map_put(map, line, value + 2);
    }
}

/* What handlers read of the query and the headers. */
static void read_parameters(struct call *call)
{
    static const char *const WORDS[] = {"created_at", "updated_at", "name", NULL};
    struct error err = {0};
    const char *word = NULL;
    const char *id;
    int64_t number;
    int limit;
    int offset;
    int run;
    int seq;

    if (query_page(call, &limit, &offset, &err))
        FUZZ_REQUIRE(limit >= 1 && limit <= PAGE_MOST && offset >= 0);
    else
        FUZZ_REQUIRE(err.code == ERROR_INVALID_REQUEST);
    if (query_word(call, "sort_by", WORDS, &word, &err))
        FUZZ_REQUIRE(word != NULL);
    if (query_wait(call, "wait", 120, &number, &err))
        FUZZ_REQUIRE(number >= 0 && number <= 120000);
    if (call_query_int(call, "tail", 1, 1000, 100, &number, &err))
        FUZZ_REQUIRE(number >= 1 && number <= 1000);
    id = call_header(call, "Last-Event-ID");
    if (id != NULL && log_text_read_id(id, &run, &seq))
        FUZZ_REQUIRE(run >= 0 && seq >= 0);
    FUZZ_REQUIRE(strlen(call_traceparent(call)) == 55);
}

/* A route that was found has all the parts its path names. */
static void check_parts(const struct route *route, const struct path *path)
{
    const char *at = route->path;

    while ((at = strchr(at, ':')) != NULL) {
        char name[32];
        const char *part;

        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "/"), at + 1);
        part = route_part(route, path, name);
        FUZZ_REQUIRE(part != NULL && *part != '\0');
        at++;
    }
    FUZZ_REQUIRE(routes_at(routes_index(route)) == route);
}

static void find(struct call *call)
{
    struct error err = {0};

    if (!path_read(&call->path, call->raw_path, &err)) {
        FUZZ_REQUIRE(err.code == ERROR_INVALID_REQUEST || err.code == ERROR_NOT_FOUND);
        return;
    }
    for (unsigned flags = 0; flags <= ROUTE_PREDICT; flags++) {
        char allow[ALLOW_BYTES];

        call->route = routes_find(call->method, &call->path, flags, allow, &err);
        if (call->route != NULL)
            check_parts(call->route, &call->path);
        else
            FUZZ_REQUIRE(err.code == ERROR_NOT_FOUND ||
                         (err.code == ERROR_METHOD && allow[0] != '\0'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    char *headers = text + strcspn(text, "\n");
    struct _u_request request;
    static struct call call;
    char *path;

    if (*headers != '\0')
        *headers++ = '\0';
    path = text + strcspn(text, " ");
    if (*path != '\0')
        *path++ = '\0';
    ulfius_init_request(&request);
    read_headers(headers, request.map_header);
    call_init(&call, NULL, &request);
    call.method = text;
    call.raw_path = strsep(&path, "?");
    if (path != NULL)
        read_query(path, request.map_url);
    find(&call);
    read_parameters(&call);
    call_clear(&call);
    ulfius_clean_request(&request);
    free(text);
    return 0;
}
