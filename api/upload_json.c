/* upload_json.c - see upload_json.h. */
#include "api/upload_json.h"

#include "api/upload_request.h"
#include "infra/base/buffer.h"

#include <stdio.h>
#include <string.h>

/* /uploads/ID/files/NAME/preview, with all of the name escaped that is no plain letter. */
static json_t *preview_url(const char *upload_id, const char *filename)
{
    static const char PLAIN[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    struct buffer url = {0};
    json_t *told;

    buffer_printf(&url, "/uploads/%s/files/", upload_id);
    for (; *filename != '\0'; filename++) {
        if (strchr(PLAIN, *filename) != NULL)
            buffer_add_char(&url, *filename);
        else
            buffer_printf(&url, "%%%02X", (unsigned char)*filename);
    }
    buffer_add_text(&url, "/preview");
    told = url.failed ? NULL : json_string(url.data);
    buffer_clear(&url);
    return told;
}

static json_t *or_null(json_t *value)
{
    return value == NULL ? json_null() : json_incref(value);
}

static json_t *encode_file(const struct upload *upload, size_t index, bool detailed)
{
    json_t *file = json_array_get(upload->files, index);
    const char *filename = json_string_value(json_object_get(file, "filename"));
    json_t *columns = json_object_get(json_array_get(upload->files, 0), "columns");
    char key[UPLOAD_KEY_BYTES];
    json_t *told = json_pack("{s:s, s:o, s:o, s:o}", "filename", filename, "size_bytes",
                             or_null(json_object_get(file, "size_bytes")), "rows",
                             or_null(json_object_get(file, "rows")), "columns",
                             or_null(json_object_get(file, "columns_count")));

    if (!detailed)
        return told;
    upload_key(upload->id, index, filename, key);
    json_object_set_new(told, "column_info",
                        json_is_array(columns) ? json_incref(columns) : json_array());
    json_object_set_new(told, "s3_key", json_string(key));
    json_object_set_new(told, "preview_url", preview_url(upload->id, filename));
    json_object_set(told, "content_type", json_object_get(file, "content_type"));
    if (json_object_get(file, "member") != NULL)
        json_object_set(told, "table", json_object_get(file, "member"));
    json_object_set_new(told, "created_at", json_string(upload->created_at));
    return told;
}

json_t *upload_encode(const struct upload *upload, bool detailed)
{
    json_t *files = json_array();

    for (size_t at = 0; at < json_array_size(upload->files); at++)
        json_array_append_new(files, encode_file(upload, at, detailed));
    return json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s, s:s, s:o, s:s}", "upload_id", upload->id,
                     "name", upload->name, "description", upload->description, "status",
                     state_word(MACHINE_UPLOAD, (int)upload->status), "error", upload->error,
                     "created_at", upload->created_at, "updated_at", upload->updated_at, "files",
                     files, "created_by", upload->account);
}

json_t *upload_encode_users(const struct pg_rows *rows)
{
    json_t *users = json_array();

    for (size_t row = 0; row < pg_rows_count(rows); row++) {
        const char *name = pg_text_or_empty(rows, row, 0);
        char version[16];
        json_t *id;

        snprintf(version, sizeof version, "v%d.0", (int)pg_int(rows, row, 1));
        id = json_sprintf("%s:%s", name, version);
        json_array_append_new(users, json_pack("{s:o, s:s, s:s}", "model_id", id, "model_name",
                                               name, "version", version));
    }
    return users;
}
