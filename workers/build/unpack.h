/*
 * unpack.h - takes the one table out of a ZIP archive.
 *
 * For a child with limits: the archive is a stranger's. Nothing of it is used as a path, and of all
 * that it says of sizes nothing is believed. Knows stored and deflated members, and ZIP64.
 */
#ifndef TRAINYARD_WORKERS_BUILD_UNPACK_H
#define TRAINYARD_WORKERS_BUILD_UNPACK_H

#include "infra/base/error.h"

#include <stdint.h>

enum { UNPACK_NAME_BYTES = 256 };

/*
 * Writes the one table of the archive at path, called name, over the file at into: at most
 * most_bytes of it, and at most 200 times what it was packed. member becomes its name, without
 * folders. ERROR_VALIDATION says what is wrong with the archive: no table or several, a password,
 * broken, too large; ERROR_UNAVAILABLE when into cannot be written.
 */
MUST_CHECK bool unpack_table(const char *path, const char *name, const char *into,
                             int64_t most_bytes, char member[static UNPACK_NAME_BYTES],
                             struct error *err);

#endif
