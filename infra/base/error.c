/* error.c - the one table of error codes, and how an error is filled. */
#include "infra/base/error.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int status;
    bool transient;
} CODES[ERROR_CODES] = {
    [ERROR_NONE] = {"ok", 500, false},
    [ERROR_INVALID_REQUEST] = {"invalid_request", 400, false},
    [ERROR_UNAUTHORIZED] = {"unauthorized", 401, false},
    [ERROR_FORBIDDEN] = {"forbidden", 403, false},
    [ERROR_NOT_FOUND] = {"not_found", 404, false},
    [ERROR_METHOD] = {"invalid_request", 405, false},
    [ERROR_CONFLICT] = {"conflict", 409, false},
    [ERROR_TOO_LARGE] = {"payload_too_large", 413, false},
    [ERROR_VALIDATION] = {"validation_error", 422, false},
    [ERROR_RATE_LIMIT] = {"rate_limit_exceeded", 429, true},
    [ERROR_INTERNAL] = {"internal_error", 500, false},
    [ERROR_UNAVAILABLE] = {"service_unavailable", 503, true},
    [ERROR_NO_MEMORY] = {"out_of_memory", 503, true},
    [ERROR_CRASHED] = {"crashed", 500, true},
    [ERROR_TIMED_OUT] = {"timed_out", 500, false},
    [ERROR_CANCELLED] = {"cancelled", 409, false},
};

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    va_list args;

    err->code = code;
    err->detail[0] = '\0';
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

bool error_detail(struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->detail, sizeof err->detail, format, args);
    va_end(args);
    for (char *c = err->detail; *c != '\0'; c++) /* libraries end their sentences with newlines */
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return false;
}

bool error_no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory; try again later");
}

const char *error_name(enum error_code code)
{
    return (unsigned)code < ERROR_CODES ? CODES[code].name : CODES[ERROR_INTERNAL].name;
}

enum error_code error_from_name(const char *name)
{
    for (int code = ERROR_INVALID_REQUEST; code < ERROR_CODES; code++)
        if (strcmp(CODES[code].name, name) == 0)
            return (enum error_code)code;
    return ERROR_INTERNAL;
}

int error_status(enum error_code code)
{
    return (unsigned)code < ERROR_CODES ? CODES[code].status : CODES[ERROR_INTERNAL].status;
}

bool error_is_transient(enum error_code code)
{
    return (unsigned)code < ERROR_CODES && CODES[code].transient;
}
