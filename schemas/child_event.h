/*
 * child_event.h - what a child process tells the worker that started it: one JSON object a line.
 */
#ifndef TRAINYARD_SCHEMAS_CHILD_EVENT_H
#define TRAINYARD_SCHEMAS_CHILD_EVENT_H

#include "infra/base/buffer.h"
#include "infra/base/error.h"

#include <jansson.h>

enum child_event_kind {
    CHILD_LOG,      /* level, message */
    CHILD_PROGRESS, /* percent, stage */
    CHILD_REPORT,   /* report: it is done */
    CHILD_ERROR,    /* code, message: it failed */
};

/* Points into json, which the struct owns after decoding; clear with child_event_clear(). */
struct child_event {
    enum child_event_kind kind;
    const char *level; /* INFO, WARNING or ERROR */
    const char *message;
    int percent; /* 0 to 100 */
    const char *stage;
    const char *code;        /* as error_name() writes it */
    const json_t *report;    /* decoded */
    const char *report_text; /* to be encoded: JSON */
    json_t *json;
};

/* Adds the event and a newline. */
void child_event_encode(const struct child_event *event, struct buffer *line);

MUST_CHECK bool child_event_decode(const char *line, size_t length, struct child_event *event,
                                   struct error *err);
void child_event_clear(struct child_event *event);

#endif
