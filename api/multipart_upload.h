/*
 * multipart_upload.h - the files of a multipart body, written to the blob store as they come in.
 *
 * The adapter makes one when the first file part of a request to an upload path arrives (once the
 * key was checked), passes all pieces on and frees it when the request is over, also when it broke
 * off. The handler finds it by call_multipart(). One thread at a time.
 */
#ifndef TRAINYARD_API_MULTIPART_UPLOAD_H
#define TRAINYARD_API_MULTIPART_UPLOAD_H

#include "infra/base/digest.h"
#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { UPLOAD_FILES_MOST = 50, UPLOAD_NAME_BYTES = 256 };

struct multipart_upload;
struct services;

struct multipart_file {
    char filename[UPLOAD_NAME_BYTES]; /* made harmless: no folders, no control characters */
    char content_type[UPLOAD_NAME_BYTES];
    char digest[DIGEST_BYTES]; /* set by multipart_upload_end() */
    int64_t size_bytes;
};

/* NULL on failure: ERROR_NO_MEMORY. Uses services' blobs and config. */
MUST_CHECK struct multipart_upload *multipart_upload_new(struct services *services,
                                                         struct error *err);

/* Removes what was not ended. NULL is allowed. */
void multipart_upload_free(struct multipart_upload *multipart);

/*
 * Adds a piece of a part; a piece at offset 0 begins a new file. part is the name of the form
 * field: files or file, others are passed over, also NULL (none). content_type may be NULL. What
 * goes wrong is kept for multipart_upload_end(), further pieces are then passed over.
 */
void multipart_upload_add(struct multipart_upload *multipart, const char *part,
                          const char *filename, const char *content_type, uint64_t offset,
                          const char *data, size_t size);

/*
 * Takes all files into the blob store. ERROR_TOO_LARGE, ERROR_VALIDATION (too many files),
 * ERROR_UNAVAILABLE.
 */
MUST_CHECK bool multipart_upload_end(struct multipart_upload *multipart, struct error *err);

size_t multipart_upload_count(const struct multipart_upload *multipart);
const struct multipart_file *multipart_upload_file(const struct multipart_upload *multipart,
                                                   size_t index);

/* Copies the last part of a client's file name to name, made harmless; false if none is left. */
bool upload_name_clean(const char *filename, char name[static UPLOAD_NAME_BYTES]);

#endif
