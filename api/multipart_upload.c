/* multipart_upload.c - see multipart_upload.h. */
#include "api/multipart_upload.h"

#include "api/services.h"
#include "infra/base/config.h"
#include "infra/blob/blob_writer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct multipart_upload {
    struct blobs *blobs;
    int64_t most_bytes;
    struct blob_writer *writer; /* of the last file; NULL: it is whole, or there is none */
    struct error failure;       /* the first one; code ERROR_NONE: none so far */
    size_t count;
    struct multipart_file files[UPLOAD_FILES_MOST];
};

bool upload_name_clean(const char *filename, char name[static UPLOAD_NAME_BYTES])
{
    const char *last = filename;
    json_t *utf8;
    size_t length = 0;

    for (const char *at = filename; *at != '\0'; at++)
        if (*at == '/' || *at == '\\')
            last = at + 1;
    for (const char *at = last; *at != '\0'; at++)
        if ((unsigned char)*at >= ' ' && *at != 0x7f) {
            if (length == UPLOAD_NAME_BYTES - 1)
                return false;
            name[length++] = *at;
        }
    name[length] = '\0';
    utf8 = json_string(name);
    json_decref(utf8);
    return utf8 != NULL && length > 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

struct multipart_upload *multipart_upload_new(struct services *services, struct error *err)
{
    struct multipart_upload *multipart = calloc(1, sizeof *multipart);

    if (multipart == NULL) {
        error_no_memory(err);
        return NULL;
    }
    multipart->blobs = services->blobs;
    multipart->most_bytes = (int64_t)services->config->max_upload_mb << 20;
    return multipart;
}

void multipart_upload_free(struct multipart_upload *multipart)
{
    if (multipart == NULL)
        return;
    blob_writer_free(multipart->writer);
    free(multipart);
}

/* Takes the file that is being written, if there is one, into the store. */
static bool end_file(struct multipart_upload *multipart, struct error *err)
{
    struct multipart_file *file;
    bool ok;

    if (multipart->writer == NULL)
        return true;
    file = &multipart->files[multipart->count - 1];
    file->size_bytes = blob_writer_size(multipart->writer);
    ok = blob_writer_end(multipart->writer, file->digest, err);
    blob_writer_free(multipart->writer);
    multipart->writer = NULL;
    return ok;
}

static bool is_taken(const struct multipart_upload *multipart, const char *name)
{
    for (size_t at = 0; at < multipart->count; at++)
        if (strcmp(multipart->files[at].filename, name) == 0)
            return true;
    return false;
}

/* Printable ASCII: what a content type may be made of. */
static bool is_plain(const char *text)
{
    while (*text >= ' ' && *text < 0x7f)
        text++;
    return *text == '\0';
}

static bool begin_file(struct multipart_upload *multipart, const char *filename,
                       const char *content_type, struct error *err)
{
    struct multipart_file file = {0};

    if (!end_file(multipart, err))
        return false;
    if (multipart->count == UPLOAD_FILES_MOST)
        return error_set(err, ERROR_VALIDATION, "more than %d files: make several uploads",
                         UPLOAD_FILES_MOST);
    if (!upload_name_clean(filename, file.filename))
        return error_set(err, ERROR_VALIDATION,
                         "a file has no usable name: give one of up to %d bytes",
                         UPLOAD_NAME_BYTES - 1);
    if (is_taken(multipart, file.filename))
        return error_set(err, ERROR_VALIDATION, "two files are named %.120s: rename one",
                         file.filename);
    snprintf(file.content_type, sizeof file.content_type, "%s",
             content_type != NULL && is_plain(content_type) ? content_type
                                                            : "application/octet-stream");
    multipart->writer = blob_writer_new(multipart->blobs, multipart->most_bytes, err);
    if (multipart->writer == NULL)
        return false;
    multipart->files[multipart->count++] = file;
    return true;
}

void multipart_upload_add(struct multipart_upload *multipart, const char *part,
                          const char *filename, const char *content_type, uint64_t offset,
                          const char *data, size_t size)
{
    struct error err = {0};
    bool ok = true;

    if (multipart->failure.code != ERROR_NONE || part == NULL ||
        (strcmp(part, "files") != 0 && strcmp(part, "file") != 0))
        return;
    if (offset == 0)
        ok = begin_file(multipart, filename, content_type, &err);
    ok = ok && multipart->writer != NULL && blob_writer_add(multipart->writer, data, size, &err);
    if (ok)
        return;
    if (err.code == ERROR_NONE)
        error_set(&err, ERROR_INVALID_REQUEST, "the multipart body cannot be understood");
    multipart->failure = err;
    blob_writer_free(multipart->writer);
    multipart->writer = NULL;
}

bool multipart_upload_end(struct multipart_upload *multipart, struct error *err)
{
    if (multipart->failure.code != ERROR_NONE) {
        *err = multipart->failure;
        return false;
    }
    return end_file(multipart, err);
}

size_t multipart_upload_count(const struct multipart_upload *multipart)
{
    return multipart->count;
}

const struct multipart_file *multipart_upload_file(const struct multipart_upload *multipart,
                                                   size_t index)
{
    return &multipart->files[index];
}
