/*
 * upload_request.h - what clients send to /uploads, in all its spellings, as one checked form.
 *
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_API_UPLOAD_REQUEST_H
#define TRAINYARD_API_UPLOAD_REQUEST_H

#include "api/multipart_upload.h"
#include "infra/base/ids.h"
#include "infra/store/uploads.h"
#include "schemas/fields.h"

enum { UPLOAD_KEY_BYTES = ID_BYTES + UPLOAD_NAME_BYTES + 40 };

/* Points into the object it was read from. */
struct upload_request {
    const char *name;        /* NULL: not given */
    const char *description; /* NULL: not given */
    bool single;             /* {filename, content_type}: the answer has presigned_url and key */
    json_t *files;           /* as uploads.h says; owned by the caller */
};

/*
 * Reads {name?, description?, files: [{filename, content_type, size_bytes?}]} or {filename,
 * content_type}. Problems are noted in fields, which the caller ends.
 */
void upload_request_read(struct fields *fields, int max_upload_mb, struct upload_request *request);

/* Reads name and description alone. */
void upload_request_describe(struct fields *fields, struct upload_request *request);

/* The files that came with the request itself; owned by the caller. NULL when memory runs out. */
json_t *upload_request_files(const struct multipart_upload *multipart);

/*
 * Reads which files are said to be there: {upload_id, status?, files?: [{filename, s3_key}]} or
 * {upload_id, filename, s3_key}. The id is returned; NULL when there is none. path_id: the id that
 * the path gave, NULL where it gives none.
 */
const char *upload_confirm_read(struct fields *fields, const char *path_id);

/* Checks the files that were named against the upload, noting what is wrong. */
void upload_confirm_check(struct fields *fields, const struct upload *upload);

/* The name of a file in the store, as the API tells it. */
void upload_key(const char *upload_id, size_t index, const char *filename,
                char key[static UPLOAD_KEY_BYTES]);

#endif
