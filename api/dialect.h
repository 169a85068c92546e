/*
 * dialect.h - how an age of clients spells things. It goes by the first part of the path: /v0 and
 * /v1 lead to the same routes as no such part, but clients of /v0 wait for other status words.
 *
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_API_DIALECT_H
#define TRAINYARD_API_DIALECT_H

#include <jansson.h>
#include <stdbool.h>

enum dialect {
    DIALECT_TODAY, /* DRAFT, BUILDING, READY, ERROR */
    DIALECT_V0     /* pending, processing, completed, failed */
};

/* Whether the first part of a path names a dialect; which one. */
bool dialect_find(const char *part, enum dialect *dialect);

/* Puts the status words of an answer, or of what it lists, into the words of a dialect. */
void dialect_speak(enum dialect dialect, json_t *answer);

#endif
