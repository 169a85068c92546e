/*
 * ids.h - identifiers: a prefix that tells the kind, and 20 base32 characters that sort by time.
 *
 * Ten characters hold the milliseconds since 1970, ten are random, so that ids made anywhere are
 * distinct and land side by side in an index. Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_BASE_IDS_H
#define TRAINYARD_INFRA_BASE_IDS_H

#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define ID_BYTES 40 /* room for the longest prefix, 20 characters and the final NUL */

struct id {
    char text[ID_BYTES];
};

/* A new id, such as id_new("job"): job_01h8... Aborts if the kernel gives no randomness. */
struct id id_new(const char *prefix);

/* Whether text is an id with this prefix: nothing but its form is looked at. */
bool id_is(const char *text, const char *prefix);

/* Fills bytes with randomness fit for secrets. */
void random_bytes(void *bytes, size_t size);

/* A random number of [0, 1): for jitter, not for secrets. */
double random_unit(void);

/* Writes count random lower case letters and digits, and a NUL: fit for secrets. */
void random_text(char *text, size_t count);

#endif
