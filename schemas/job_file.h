/*
 * job_file.h - the files that a job reads, in its message, and where they lie for its child.
 */
#ifndef TRAINYARD_SCHEMAS_JOB_FILE_H
#define TRAINYARD_SCHEMAS_JOB_FILE_H

#include "infra/base/buffer.h"
#include "schemas/fields.h"

enum { JOB_FILES_MOST = 50 };

struct job_file {
    const char *filename; /* as it was uploaded: its ending tells the format */
    const char *digest;   /* of the blob; NULL: to be fetched */
    int64_t size_bytes;
    const char *url; /* where it is fetched from; NULL: it is in the blob store */
};

/* The files as an array, owned by the caller. */
json_t *job_files_encode(const struct job_file *files, size_t count);

/*
 * Reads an array of one file or more into files (JOB_FILES_MOST) and *count; they point into it.
 * ERROR_VALIDATION.
 */
MUST_CHECK bool job_files_decode(const json_t *array, struct job_file *files, size_t *count,
                                 struct error *err);

/* Adds `,"paths":[...],"message":"..."}` and a newline: the end of each task of a child. The
 * message goes as text, so that the child reads the very same bytes. */
void task_add_end(struct buffer *line, const char *const *paths, size_t count, const char *message);

/* Reads what task_add_end() wrote: *message, and the paths (JOB_FILES_MOST). */
void task_read_end(struct fields *fields, const char **paths, const char **message);

/* ERROR_INTERNAL unless each of count files has a path. */
MUST_CHECK bool task_has_paths(const char *const *paths, size_t count, struct error *err);

#endif
