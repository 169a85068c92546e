/*
 * log.h - the program's own log: one line an event, on stderr.
 *
 * A line is a fixed phrase, to search and count by, and typed fields:
 *
 *     log_info("job claimed", log_str("job", id), log_int("run", run));
 *
 * JSON for machines, coloured text at a terminal. A line is written with one write(), so lines of
 * several threads and children never mix. Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_BASE_LOG_H
#define TRAINYARD_INFRA_BASE_LOG_H

#include "infra/base/error.h"

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_JSON, LOG_HUMAN };

struct log_field {
    enum { LOG_FIELD_NONE, LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_DOUBLE } kind;
    const char *name;
    const char *text;
    int64_t integer;
    double number;
};

/* Called once by main, before any thread starts. program stands in every line. */
void log_init(const char *program, enum log_format format, enum log_level least);

/* Use the macros below. fields ends with a LOG_FIELD_NONE. */
void log_write(enum log_level level, const char *phrase, const struct log_field *fields);

#define LOG_FIELDS(...)                                                                            \
    ((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.kind = LOG_FIELD_NONE}})
#define log_debug(phrase, ...) log_write(LOG_DEBUG, phrase, LOG_FIELDS(__VA_ARGS__))
#define log_info(phrase, ...) log_write(LOG_INFO, phrase, LOG_FIELDS(__VA_ARGS__))
#define log_warning(phrase, ...) log_write(LOG_WARNING, phrase, LOG_FIELDS(__VA_ARGS__))
#define log_error(phrase, ...) log_write(LOG_ERROR, phrase, LOG_FIELDS(__VA_ARGS__))

/* A field; text is only looked at during the call, NULL is written as "". */
static inline struct log_field log_str(const char *name, const char *text)
{
    return (struct log_field){.kind = LOG_FIELD_TEXT, .name = name, .text = text};
}

static inline struct log_field log_int(const char *name, int64_t value)
{
    return (struct log_field){.kind = LOG_FIELD_INT, .name = name, .integer = value};
}

static inline struct log_field log_double(const char *name, double value)
{
    return (struct log_field){.kind = LOG_FIELD_DOUBLE, .name = name, .number = value};
}

/* The error that ended a matter, as the fields code, error and detail. */
#define log_failure(phrase, err, ...)                                                              \
    log_warning(phrase, log_str("code", error_name((err)->code)),                                  \
                log_str("error", (err)->message),                                                  \
                log_str("detail", (err)->detail) __VA_OPT__(, ) __VA_ARGS__)

#endif
