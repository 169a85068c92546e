/* upload_request.c - see upload_request.h. */
#include "api/upload_request.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MOST = 200, DESCRIPTION_MOST = 2000 };

void upload_key(const char *upload_id, size_t index, const char *filename,
                char key[static UPLOAD_KEY_BYTES])
{
    snprintf(key, UPLOAD_KEY_BYTES, "uploads/%.*s/%zu/%.*s", ID_BYTES, upload_id, index,
             UPLOAD_NAME_BYTES - 1, filename);
}

/* Notes the problems of an object inside another under "where.field". */
static void move_problems(struct fields *inner, struct fields *fields, const char *where)
{
    struct error ignored = {0};
    char name[96];
    const char *field;
    json_t *problem;

    if (!fields_end(inner, &ignored))
        json_object_foreach(inner->problems, field, problem)
        {
            snprintf(name, sizeof name, "%s.%.64s", where, field);
            fields_problem(fields, name, "%s", json_string_value(problem));
        }
    fields_clear(inner);
}

static json_t *new_file(const char *filename, const char *content_type, int64_t size_bytes)
{
    return json_pack("{s:s, s:s, s:o, s:n, s:n, s:n, s:n}", "filename", filename, "content_type",
                     content_type, "size_bytes",
                     size_bytes < 0 ? json_null() : json_integer(size_bytes), "digest", "rows",
                     "columns_count", "columns");
}

static bool has_file(const json_t *files, const char *filename)
{
    size_t index;
    json_t *file;

    json_array_foreach(files, index, file)
    {
        if (strcmp(json_string_value(json_object_get(file, "filename")), filename) == 0)
            return true;
    }
    return false;
}

/* Reads filename, content_type and size_bytes of fields and adds the file to files. */
static void read_file(struct fields *fields, int max_upload_mb, json_t *files)
{
    const char *filename = fields_text(fields, "filename", REQUIRED, UPLOAD_NAME_BYTES - 1);
    const char *type = fields_text(fields, "content_type", REQUIRED, UPLOAD_NAME_BYTES - 1);
    int64_t size = fields_int(fields, "size_bytes", OPTIONAL, 0, INT64_MAX, -1);
    char name[UPLOAD_NAME_BYTES];

    if (size > (int64_t)max_upload_mb << 20)
        fields_problem(fields, "size_bytes", "too large: a file may have %d MiB", max_upload_mb);
    if (filename == NULL || type == NULL)
        return;
    if (strpbrk(type, "\r\n") != NULL)
        fields_problem(fields, "content_type", "not a content type: give one such as text/csv");
    if (!upload_name_clean(filename, name))
        fields_problem(fields, "filename", "not a file name: give one such as data.csv");
    else if (has_file(files, name))
        fields_problem(fields, "filename", "two files are named %.120s: rename one", name);
    else
        json_array_append_new(files, new_file(name, type, size));
}

static void read_files(struct fields *fields, int max_upload_mb, json_t *files)
{
    const json_t *list = fields_array(fields, "files", REQUIRED, UPLOAD_FILES_MOST);
    char where[32];
    size_t index;
    json_t *item;

    if (list != NULL && json_array_size(list) == 0)
        fields_problem(fields, "files", "empty: name at least one file");
    json_array_foreach(list, index, item)
    {
        struct fields inner = {.object = item};

        snprintf(where, sizeof where, "files[%zu]", index);
        if (!json_is_object(item)) {
            fields_problem(fields, where, "wrong type: give an object");
            continue;
        }
        read_file(&inner, max_upload_mb, files);
        move_problems(&inner, fields, where);
    }
}

void upload_request_describe(struct fields *fields, struct upload_request *request)
{
    request->name = fields_text(fields, "name", OPTIONAL, NAME_MOST);
    request->description = fields_text(fields, "description", OPTIONAL, DESCRIPTION_MOST);
}

void upload_request_read(struct fields *fields, int max_upload_mb, struct upload_request *request)
{
    *request = (struct upload_request){.files = json_array()};
    upload_request_describe(fields, request);
    request->single = json_object_get(fields->object, "files") == NULL &&
                      (json_object_get(fields->object, "filename") != NULL ||
                       json_object_get(fields->object, "content_type") != NULL);
    if (request->single)
        read_file(fields, max_upload_mb, request->files);
    else
        read_files(fields, max_upload_mb, request->files);
}

json_t *upload_request_files(const struct multipart_upload *multipart)
{
    json_t *files = json_array();

    for (size_t at = 0; at < multipart_upload_count(multipart); at++) {
        const struct multipart_file *file = multipart_upload_file(multipart, at);
        json_t *made = new_file(file->filename, file->content_type, file->size_bytes);

        json_object_set_new(made, "digest", json_string(file->digest));
        if (json_array_append_new(files, made) != 0) {
            json_decref(files);
            return NULL;
        }
    }
    return files;
}

const char *upload_confirm_read(struct fields *fields, const char *path_id)
{
    static const char *const STATUSES[] = {"complete", NULL};
    const char *id =
        fields_text(fields, "upload_id", path_id == NULL ? REQUIRED : OPTIONAL, ID_BYTES);

    fields_choice(fields, "status", OPTIONAL, STATUSES, 0);
    fields_any(fields, "filename"); /* looked at once the upload is known */
    fields_any(fields, "s3_key");
    fields_any(fields, "files");
    if (id != NULL && path_id != NULL && strcmp(id, path_id) != 0)
        fields_problem(fields, "upload_id", "differs from the one in the path: leave it out");
    return path_id != NULL ? path_id : id;
}

static void check_file(struct fields *fields, const struct upload *upload)
{
    const char *filename = fields_text(fields, "filename", REQUIRED, UPLOAD_NAME_BYTES - 1);
    const char *given = fields_text(fields, "s3_key", OPTIONAL, UPLOAD_KEY_BYTES);
    char name[UPLOAD_NAME_BYTES];
    char key[UPLOAD_KEY_BYTES];
    size_t index;
    json_t *file;

    if (filename == NULL)
        return;
    if (upload_name_clean(filename, name))
        json_array_foreach(upload->files, index, file)
        {
            if (strcmp(name, json_string_value(json_object_get(file, "filename"))) != 0)
                continue;
            upload_key(upload->id, index, name, key);
            if (given != NULL && strcmp(given, key) != 0)
                fields_problem(fields, "s3_key", "not the key of this file: it is %.150s", key);
            return;
        }
    fields_problem(fields, "filename", "the upload has no file of this name");
}

void upload_confirm_check(struct fields *fields, const struct upload *upload)
{
    const json_t *list;
    char where[32];
    size_t index;
    json_t *item;

    if (json_object_get(fields->object, "filename") != NULL) {
        check_file(fields, upload);
        return;
    }
    list = fields_array(fields, "files", OPTIONAL, UPLOAD_FILES_MOST);
    json_array_foreach(list, index, item)
    {
        struct fields inner = {.object = item};

        snprintf(where, sizeof where, "files[%zu]", index);
        if (!json_is_object(item)) {
            fields_problem(fields, where, "wrong type: give an object");
            continue;
        }
        check_file(&inner, upload);
        move_problems(&inner, fields, where);
    }
}
