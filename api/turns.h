/*
 * turns.h - lets equal requests of this process in one after the other, until one of them has an
 * answer: then all that wait may go and read it.
 *
 * So a thousand equal requests take one session of the database, not all. Between processes the
 * database does the same, see infra/store/kept_answers.h. Every function may be called from any
 * thread.
 */
#ifndef TRAINYARD_API_TURNS_H
#define TRAINYARD_API_TURNS_H

#include "infra/base/error.h"

#include <stdint.h>

struct turn;
struct turns;

/* NULL on failure: ERROR_NO_MEMORY. */
MUST_CHECK struct turns *turns_new(struct error *err);

/* Nobody may have a turn any more. NULL is allowed. */
void turns_free(struct turns *turns);

/*
 * Waits at most wait_ms for the turn of (account, key). NULL on failure: ERROR_UNAVAILABLE when the
 * time ran out, ERROR_NO_MEMORY. Give it back with turns_end().
 */
MUST_CHECK struct turn *turns_begin(struct turns *turns, const char *account, const char *key,
                                    int64_t wait_ms, struct error *err);

/* answered: the answer is there for all others; else the next one may try. */
void turns_end(struct turns *turns, struct turn *turn, bool answered);

#endif
