/* job_file.c - see job_file.h. */
#include "schemas/job_file.h"

#include "schemas/message.h"

#include <string.h>

enum { URL_BYTES = 1024 };

static json_t *encode_file(const struct job_file *file)
{
    return file->url != NULL ? json_pack("{s:s, s:s}", "filename", file->filename, "url", file->url)
                             : json_pack("{s:s, s:s, s:I}", "filename", file->filename, "digest",
                                         file->digest, "size_bytes", (json_int_t)file->size_bytes);
}

json_t *job_files_encode(const struct job_file *files, size_t count)
{
    json_t *array = json_array();

    for (size_t at = 0; at < count; at++)
        json_array_append_new(array, encode_file(&files[at]));
    return array;
}

static bool decode_file(const json_t *value, struct job_file *file, struct error *err)
{
    struct fields fields = {.object = value};
    enum presence presence;
    bool ok;

    file->filename = fields_text(&fields, "filename", REQUIRED, MESSAGE_NAME_BYTES);
    file->url = fields_text(&fields, "url", OPTIONAL, URL_BYTES);
    presence = file->url == NULL ? REQUIRED : OPTIONAL;
    file->digest = message_read_digest(&fields, "digest", presence);
    file->size_bytes = fields_int(&fields, "size_bytes", presence, 0, INT64_MAX, 0);
    if (file->url != NULL && file->digest != NULL && json_object_get(value, "size_bytes") != NULL)
        fields_problem(&fields, "url", "stands beside a digest: only one of them can be");
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

bool job_files_decode(const json_t *array, struct job_file *files, size_t *count, struct error *err)
{
    size_t size = json_array_size(array);

    if (size == 0 || size > JOB_FILES_MOST)
        return error_set(err, ERROR_VALIDATION, "files: name at least one, and at most %d",
                         JOB_FILES_MOST);
    for (*count = 0; *count < size; ++*count)
        if (!decode_file(json_array_get(array, *count), &files[*count], err))
            return false;
    return true;
}

static void add_text(struct buffer *line, const char *text)
{
    buffer_add_json(line, text, strlen(text));
}

void task_add_end(struct buffer *line, const char *const *paths, size_t count, const char *message)
{
    buffer_add_text(line, ",\"paths\":[");
    for (size_t at = 0; at < count; at++) {
        if (at > 0)
            buffer_add_char(line, ',');
        add_text(line, paths[at]);
    }
    buffer_add_text(line, "],\"message\":");
    add_text(line, message);
    buffer_add_text(line, "}\n");
}

void task_read_end(struct fields *fields, const char **paths, const char **message)
{
    const json_t *array = fields_array(fields, "paths", REQUIRED, JOB_FILES_MOST);

    *message = fields_text(fields, "message", REQUIRED, MESSAGE_BYTES_MOST);
    for (size_t at = 0; at < json_array_size(array); at++) {
        paths[at] = json_string_value(json_array_get(array, at));
        if (paths[at] == NULL)
            fields_problem(fields, "paths", "wrong type: give strings");
    }
}

bool task_has_paths(const char *const *paths, size_t count, struct error *err)
{
    for (size_t at = 0; at < count; at++)
        if (paths[at] == NULL)
            return error_set(err, ERROR_INTERNAL, "a file of the job has no path");
    return true;
}
