/*
 * blob.h - the blob store: files under the names of their content, in a directory.
 *
 *     DIR/store-id          an id made once; the database remembers it
 *     DIR/tmp/              files that are being written
 *     DIR/ab/abcdef...      a blob: its name is the SHA-256 of its content
 *
 * A blob appears whole or not at all: it is written in tmp, synced, then renamed. Several programs
 * may share the directory. Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_BLOB_BLOB_H
#define TRAINYARD_INFRA_BLOB_BLOB_H

#include "infra/base/digest.h"
#include "infra/base/error.h"

#include <stddef.h>

enum { BLOB_PATH_BYTES = 1024 };

struct blobs;

/*
 * Opens the store at dir, making what is missing, and removes files that were left in tmp for more
 * than a day. NULL on failure: ERROR_UNAVAILABLE. Free with blobs_close().
 */
MUST_CHECK struct blobs *blobs_open(const char *dir, struct error *err);
void blobs_close(struct blobs *blobs);

/* What tells this store from others. Owned by blobs. */
const char *blobs_id(const struct blobs *blobs);

/* Makes an empty file to write to. ERROR_UNAVAILABLE. Remove it, or hand it to blobs_adopt(). */
MUST_CHECK bool blobs_temp(struct blobs *blobs, char path[static BLOB_PATH_BYTES],
                           struct error *err);

/*
 * Takes a file made by blobs_temp() into the store under the digest of its content, which it reads
 * once more for that. The same content twice is one blob. On failure (ERROR_UNAVAILABLE, also when
 * the disk is full) the file is removed. size_bytes may be NULL.
 */
MUST_CHECK bool blobs_adopt(struct blobs *blobs, const char *temp_path,
                            char digest[static DIGEST_BYTES], size_t *size_bytes,
                            struct error *err);

/* The same with a digest that was computed while writing; see blob_writer.h. */
MUST_CHECK bool blobs_adopt_known(struct blobs *blobs, const char *temp_path, const char *digest,
                                  struct error *err);

/* Where a blob lies, for reading. ERROR_NOT_FOUND. */
MUST_CHECK bool blobs_path(struct blobs *blobs, const char *digest,
                           char path[static BLOB_PATH_BYTES], struct error *err);

/* ERROR_UNAVAILABLE for a failed call: says so when the disk is full. Always returns false. */
bool blob_failure(struct error *err, const char *what, const char *path);

/* Whether a file begins as a ZIP archive does, also an empty one. */
bool blob_is_archive(const char *path);

#endif
