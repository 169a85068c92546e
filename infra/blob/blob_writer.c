/* blob_writer.c - see blob_writer.h. */
#include "infra/blob/blob_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct blob_writer {
    struct blobs *blobs;
    int file;
    bool kept; /* the file is the store's matter, or gone */
    int64_t size_bytes;
    int64_t most_bytes;
    struct digest digest;
    char path[BLOB_PATH_BYTES];
};

struct blob_writer *blob_writer_new(struct blobs *blobs, int64_t most_bytes, struct error *err)
{
    struct blob_writer *writer = calloc(1, sizeof *writer);

    if (writer == NULL) {
        error_no_memory(err);
        return NULL;
    }
    writer->blobs = blobs;
    writer->most_bytes = most_bytes;
    digest_init(&writer->digest);
    if (!blobs_temp(blobs, writer->path, err)) {
        free(writer);
        return NULL;
    }
    writer->file = open(writer->path, O_WRONLY | O_CLOEXEC);
    if (writer->file < 0) {
        blob_failure(err, "open", writer->path);
        blob_writer_free(writer);
        return NULL;
    }
    return writer;
}

void blob_writer_free(struct blob_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->file >= 0)
        close(writer->file);
    if (!writer->kept)
        unlink(writer->path);
    free(writer);
}

bool blob_writer_add(struct blob_writer *writer, const void *data, size_t size, struct error *err)
{
    const char *at = data;

    if ((int64_t)size > writer->most_bytes - writer->size_bytes)
        return error_set(err, ERROR_TOO_LARGE, "the file is larger than %lld bytes",
                         (long long)writer->most_bytes);
    digest_add(&writer->digest, data, size);
    writer->size_bytes += (int64_t)size;
    while (size > 0) {
        ssize_t written = write(writer->file, at, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return blob_failure(err, "write", writer->path);
        at += written;
        size -= (size_t)written;
    }
    return true;
}

bool blob_writer_drain(struct blob_writer *writer, struct buffer *buffer, size_t least,
                       struct error *err)
{
    bool ok;

    if (buffer->failed)
        return error_no_memory(err);
    if (buffer->length < least)
        return true;
    ok = blob_writer_add(writer, buffer->data, buffer->length, err);
    buffer_reset(buffer);
    return ok;
}

int64_t blob_writer_size(const struct blob_writer *writer)
{
    return writer->size_bytes;
}

bool blob_writer_end(struct blob_writer *writer, char digest[static DIGEST_BYTES],
                     struct error *err)
{
    bool ok = close(writer->file) == 0 || blob_failure(err, "close", writer->path);

    writer->file = -1;
    digest_end(&writer->digest, digest);
    if (!ok)
        return false;
    writer->kept = true;
    return blobs_adopt_known(writer->blobs, writer->path, digest, err);
}
