/*
 * event_read.h - a message of the topics events and state as a checked struct: what event_message.h
 * writes. Any thread.
 */
#ifndef TRAINYARD_INFRA_RELAY_EVENT_READ_H
#define TRAINYARD_INFRA_RELAY_EVENT_READ_H

#include "infra/kafka/producer.h"

#include <jansson.h>

enum event_kind {
    EVENT_OF_UPLOAD,
    EVENT_OF_MODEL,
    EVENT_OF_VERSION,
    EVENT_OF_DEPLOYMENT,
    EVENT_OF_JOB
};

/* The texts point into the headers it was read from; data is owned: event_clear(). */
struct event {
    enum event_kind kind;
    const char *id;          /* evt_ENTITY.REVISION */
    const char *entity;      /* such as job_... */
    const char *account;     /* whose it is */
    const char *change;      /* the end of its type, such as completed */
    const char *time;        /* RFC 3339, UTC */
    const char *traceparent; /* NULL: none */
    int64_t revision;        /* 1, 2, 3 ... of the entity */
    bool deleted;            /* nothing more comes of it */
    json_t *data;            /* the whole entity */
};

/*
 * Reads the headers and the value (not ended by NUL) of a message. ERROR_VALIDATION says what is
 * wrong with one that is no event of ours, or does not agree with itself.
 */
MUST_CHECK bool event_read(const struct kafka_header *headers, size_t headers_count,
                           const char *value, size_t length, struct event *event,
                           struct error *err);
void event_clear(struct event *event);

#endif
