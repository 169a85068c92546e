/*
 * error.h - what went wrong, for the client and for the log.
 *
 * A struct error lives on the caller's stack and owns nothing, so that even "out of memory" can
 * be reported. Functions that can fail return bool (or a pointer), take one last, and write it
 * only on failure. Everything here may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_BASE_ERROR_H
#define TRAINYARD_INFRA_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

enum error_code {
    ERROR_NONE,
    ERROR_INVALID_REQUEST, /* the request cannot be understood */
    ERROR_UNAUTHORIZED,    /* no key, or an unknown one */
    ERROR_FORBIDDEN,       /* the key may not do this */
    ERROR_NOT_FOUND,
    ERROR_METHOD,   /* the path exists, the method does not */
    ERROR_CONFLICT, /* a name is taken, a state does not allow it, a claim is lost */
    ERROR_TOO_LARGE,
    ERROR_VALIDATION, /* understood, but the data or the schema is wrong; trying again is useless */
    ERROR_RATE_LIMIT,
    ERROR_INTERNAL,    /* our own mistake */
    ERROR_UNAVAILABLE, /* database, broker or blob store away: may work later */
    ERROR_NO_MEMORY,   /* may work later, or elsewhere */
    ERROR_CRASHED,     /* a child ended by a signal or without an answer */
    ERROR_TIMED_OUT,   /* a job ran past its time limit */
    ERROR_CANCELLED,   /* somebody asked for it */
    ERROR_CODES        /* how many there are */
};

struct error {
    enum error_code code;
    char message[256]; /* for the client: what is wrong, how to mend it */
    char detail[256];  /* for the log only: what the library said */
};

/* Fills err; always returns false, so that failing is one statement: return error_set(...). */
bool error_set(struct error *err, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Adds what a library said to an error already set; always returns false. */
bool error_detail(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* ERROR_NO_MEMORY with a fixed message; always returns false. */
bool error_no_memory(struct error *err);

/* The code as the API writes it, such as "not_found". Never NULL. */
const char *error_name(enum error_code code);

/* The code whose error_name() is name; ERROR_INTERNAL when there is none. */
enum error_code error_from_name(const char *name);

/* The HTTP status, 400 to 599. */
int error_status(enum error_code code);

/* Whether a job that failed with this code is tried again. */
bool error_is_transient(enum error_code code);

#endif
