/*
 * failed_keys.h - clients that come with keys that are none: how often, by their address.
 *
 * An address that failed too often within 15 minutes is refused before anybody asks the database.
 * Memory is bounded: where too many addresses fail, the one whose time is nearest its end is
 * forgotten. Of IPv6 the first 64 bits count: a client has all the rest. Every function may be
 * called from any thread.
 */
#ifndef TRAINYARD_API_FAILED_KEYS_H
#define TRAINYARD_API_FAILED_KEYS_H

#include "infra/base/error.h"

#include <stdint.h>

struct failed_keys;
struct sockaddr;

enum { FAILED_KEYS_PERIOD_S = 15 * 60 };

/* most: how many failures an address has in a period. NULL on failure: ERROR_NO_MEMORY. */
MUST_CHECK struct failed_keys *failed_keys_new(int most, struct error *err);
void failed_keys_free(struct failed_keys *failed);

/* How many seconds an address has to wait at the moment now_ms (monotonic); 0: none. */
int failed_keys_wait_s(struct failed_keys *failed, const struct sockaddr *address, int64_t now_ms);

/* Notes a failure. */
void failed_keys_note(struct failed_keys *failed, const struct sockaddr *address, int64_t now_ms);

#endif
