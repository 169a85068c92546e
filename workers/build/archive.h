/*
 * archive.h - the directory of a ZIP archive that lies in memory. Pure functions; any thread.
 */
#ifndef TRAINYARD_WORKERS_BUILD_ARCHIVE_H
#define TRAINYARD_WORKERS_BUILD_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive {
    const unsigned char *data;
    size_t size;
    uint64_t directory; /* where it begins */
    uint64_t entries;
};

/* Points into the archive; the sizes are what it says, and may be lies. */
struct archive_member {
    const char *name; /* not ended by NUL */
    size_t name_length;
    bool encrypted;
    int method; /* 0 stored, 8 deflated */
    uint32_t crc;
    uint64_t packed_bytes;
    uint64_t header; /* where its local header begins */
};

enum { ARCHIVE_STORED = 0, ARCHIVE_DEFLATED = 8 };

/* Finds the directory; false when data is no archive, or not whole. */
bool archive_open(struct archive *archive, const void *data, size_t size);

/* Reads the member at *at, archive->directory for the first, and moves on; false when it is none.
 */
bool archive_next(const struct archive *archive, uint64_t *at, struct archive_member *member);

/* A member's packed bytes, packed_bytes of them; NULL when they do not lie within the archive. */
const unsigned char *archive_data(const struct archive *archive,
                                  const struct archive_member *member);

#endif
