/*
 * routes.h - the map of the API: one table of what is answered, where, to whom and by which
 * handler.
 *
 * Pure; any thread.
 */
#ifndef TRAINYARD_API_ROUTES_H
#define TRAINYARD_API_ROUTES_H

#include "api/dialect.h"
#include "infra/base/error.h"

#include <stddef.h>

struct call;

enum scope { SCOPE_NONE, SCOPE_READ, SCOPE_WRITE };

/* Flags of a route. */
enum {
    ROUTE_PREDICT = 1, /* the predict port answers it too: its handler does not block */
    ROUTE_FILES = 2,   /* takes the files of a multipart body */
    ROUTE_RESUMES = 4  /* also answers requests that come again, from what was replied first */
};

struct route {
    const char *method;
    const char *path; /* a part that begins with a colon stands for any text */
    enum scope scope;
    unsigned flags;
    bool (*handler)(struct call *call, struct error *err);
    const char *operation; /* its operationId in schemas/openapi.yaml */
};

enum { PATH_BYTES = 1024, PATH_PARTS_MOST = 8, ALLOW_BYTES = 64 };

/* A path as it was sent, taken apart and decoded, without the part that names a dialect. */
struct path {
    enum dialect dialect;
    const char *parts[PATH_PARTS_MOST];
    size_t count;
    char text[PATH_BYTES];
};

/* ERROR_INVALID_REQUEST when it cannot be decoded; ERROR_NOT_FOUND when no route is so long. */
MUST_CHECK bool path_read(struct path *path, const char *raw, struct error *err);

/*
 * The route of a path. NULL on failure: ERROR_NOT_FOUND; ERROR_METHOD when the path has other
 * methods, which are then in allow, such as "GET, HEAD, OPTIONS". HEAD finds what GET does.
 */
MUST_CHECK const struct route *routes_find(const char *method, const struct path *path,
                                           unsigned flags, char allow[static ALLOW_BYTES],
                                           struct error *err);

/* The part of the path that stands for a name of the route; NULL when it has none such. */
const char *route_part(const struct route *route, const struct path *path, const char *name);

/* All routes in their order; NULL past the last. */
const struct route *routes_at(size_t index);

/* Where a route stands in the table, which has so many. */
size_t routes_index(const struct route *route);
size_t routes_count(void);

#endif
