/*
 * blob_writer.h - makes a blob out of bytes that come in pieces, with the digest on the way.
 *
 * Nothing is kept in memory. What was not ended leaves nothing behind. One thread at a time.
 */
#ifndef TRAINYARD_INFRA_BLOB_BLOB_WRITER_H
#define TRAINYARD_INFRA_BLOB_BLOB_WRITER_H

#include "infra/base/buffer.h"
#include "infra/blob/blob.h"

#include <stdint.h>

struct blob_writer;

/* Starts a blob of at most most_bytes. NULL on failure: ERROR_UNAVAILABLE, ERROR_NO_MEMORY. */
MUST_CHECK struct blob_writer *blob_writer_new(struct blobs *blobs, int64_t most_bytes,
                                               struct error *err);

/* Removes the file unless the writer was ended. NULL is allowed. */
void blob_writer_free(struct blob_writer *writer);

/* Adds bytes. ERROR_TOO_LARGE, ERROR_UNAVAILABLE. */
MUST_CHECK bool blob_writer_add(struct blob_writer *writer, const void *data, size_t size,
                                struct error *err);

/* Adds what has gathered in a buffer, if that is least bytes or more, and empties it. The same
 * errors, and ERROR_NO_MEMORY when the buffer could not hold all. */
MUST_CHECK bool blob_writer_drain(struct blob_writer *writer, struct buffer *buffer, size_t least,
                                  struct error *err);

int64_t blob_writer_size(const struct blob_writer *writer);

/* Takes the blob into the store. ERROR_UNAVAILABLE. Call it once. */
MUST_CHECK bool blob_writer_end(struct blob_writer *writer, char digest[static DIGEST_BYTES],
                                struct error *err);

#endif
