/*
 * limits.h - the limits that a child sets itself before it opens a user's file.
 */
#ifndef TRAINYARD_WORKERS_BUILD_LIMITS_H
#define TRAINYARD_WORKERS_BUILD_LIMITS_H

#include "infra/base/error.h"

/*
 * Limits memory (private writable, MiB), forbids core dumps, offers the process first to the
 * kernel's out-of-memory killer, and ends it after timeout_s whatever it does.
 */
MUST_CHECK bool limits_set(int memory_mb, int timeout_s, struct error *err);

#endif
