/*
 * dead_letter.h - the message of trainyard.jobs.dead: what could not be done, and why.
 *
 * Of a job that failed too often the database writes it (function bury of the schema); of a message
 * that could not be read a worker does, here. Both are of the form of
 * messages/dead_letter.schema.json.
 */
#ifndef TRAINYARD_SCHEMAS_DEAD_LETTER_H
#define TRAINYARD_SCHEMAS_DEAD_LETTER_H

#include "infra/base/error.h"

#include <jansson.h>

enum { DEAD_LETTER_SCHEMA = 1 };

/* Points into json, which the struct owns after decoding; clear with dead_letter_clear(). */
struct dead_letter {
    const char *pool;
    const char *job_id; /* NULL: the message named none that could be read */
    int partition;      /* where an unreadable message stood; -1: it was readable */
    int64_t offset;
    const char *code;
    const char *message;
    const char *value; /* the job's message, or the unreadable bytes as base16 */
    size_t value_length;
    json_t *json;
};

/* The letter of an unreadable message as text; free() it. NULL (ERROR_NO_MEMORY). */
MUST_CHECK char *dead_letter_encode(const struct dead_letter *letter, struct error *err);

MUST_CHECK bool dead_letter_decode(const char *text, size_t length, struct dead_letter *letter,
                                   struct error *err);
void dead_letter_clear(struct dead_letter *letter);

#endif
