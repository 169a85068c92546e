/* log.c - see log.h. The one place that keeps state at file scope: a log belongs to the process. */
#include "infra/base/log.h"

#include "infra/base/buffer.h"
#include "infra/base/clock.h"

#include <string.h>
#include <unistd.h>

static struct {
    const char *program;
    enum log_format format;
    enum log_level least;
} settings = {"trainyard", LOG_JSON, LOG_INFO}; /* read-only after log_init */

static const struct {
    const char *name;
    const char *colour;
} LEVELS[] = {
    [LOG_DEBUG] = {"debug", "\033[2m"},
    [LOG_INFO] = {"info", ""},
    [LOG_WARNING] = {"warning", "\033[33m"},
    [LOG_ERROR] = {"error", "\033[31m"},
};

static void add_value(struct buffer *line, const struct log_field *field)
{
    if (field->kind == LOG_FIELD_INT)
        buffer_printf(line, "%lld", (long long)field->integer);
    else if (field->kind == LOG_FIELD_DOUBLE)
        buffer_printf(line, "%.6g", field->number);
    else
        buffer_add_json(line, field->text == NULL ? "" : field->text,
                        field->text == NULL ? 0 : strlen(field->text));
}

static void add_json(struct buffer *line, enum log_level level, const char *phrase,
                     const struct log_field *fields, const char *now)
{
    buffer_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"message\":", now,
                  LEVELS[level].name, settings.program);
    buffer_add_json(line, phrase, strlen(phrase));
    for (; fields->kind != LOG_FIELD_NONE; fields++) {
        buffer_printf(line, ",\"%s\":", fields->name);
        add_value(line, fields);
    }
    buffer_add_text(line, "}\n");
}

static void add_human(struct buffer *line, enum log_level level, const char *phrase,
                      const struct log_field *fields, const char *now)
{
    buffer_printf(line, "%.12s %s%-7s %s", now + sizeof "2023-06-15", LEVELS[level].colour,
                  LEVELS[level].name, phrase);
    for (; fields->kind != LOG_FIELD_NONE; fields++) {
        if (fields->kind == LOG_FIELD_TEXT && (fields->text == NULL || *fields->text == '\0'))
            continue;
        buffer_printf(line, " %s=", fields->name);
        add_value(line, fields);
    }
    buffer_add_text(line, "\033[0m\n");
}

void log_init(const char *program, enum log_format format, enum log_level least)
{
    settings.program = program;
    settings.format = format;
    settings.least = least;
}

void log_write(enum log_level level, const char *phrase, const struct log_field *fields)
{
    struct buffer line = {0};
    char now[CLOCK_TEXT_BYTES];

    if (level < settings.least)
        return;
    clock_text(clock_wall_ms(), now);
    (settings.format == LOG_JSON ? add_json : add_human)(&line, level, phrase, fields, now);
    if (!line.failed && write(STDERR_FILENO, line.data, line.length) < 0) {
        /* stderr is gone: there is nobody left to tell */
    }
    buffer_clear(&line);
}
