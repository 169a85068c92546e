/* dataset.c - see dataset.h. */
#include "api/dataset.h"

#include "infra/base/web_url.h"

static bool check_upload(const struct upload *upload, const char *field, struct error *err)
{
    switch (upload->status) {
    case UPLOAD_COMPLETE:
        return true;
    case UPLOAD_FAILED:
        return error_set(err, ERROR_VALIDATION,
                         "%s: the upload failed (%.120s): upload the table anew", field,
                         upload->error == NULL ? "its files could not be read" : upload->error);
    case UPLOAD_PROCESSING:
        return error_set(
            err, ERROR_CONFLICT,
            "%s: the upload is still being read: try again when its status is complete", field);
    default:
        return error_set(err, ERROR_CONFLICT,
                         "%s: the upload is not complete: PUT its files, then confirm it by POST "
                         "/uploads/status",
                         field);
    }
}

bool dataset_find(struct pg *db, const char *account, const char *field, const char *id,
                  struct upload *upload, struct error *err)
{
    if (uploads_hold(db, account, id, upload, err))
        return check_upload(upload, field, err);
    if (err->code == ERROR_NOT_FOUND)
        error_set(
            err, ERROR_NOT_FOUND,
            "%s: there is no dataset %.100s: upload a table by POST /uploads, and give its id",
            field, id);
    return false;
}

bool dataset_find_or_fetch(struct pg *db, const char *account, const char *field, const char *id,
                           struct upload *upload, struct error *err)
{
    char filename[WEB_URL_NAME_BYTES];

    if (!web_url_is(id))
        return dataset_find(db, account, field, id, upload, err);
    web_url_filename(id, filename);
    *upload = (struct upload){.id = id,
                              .account = account,
                              .name = id,
                              .status = UPLOAD_COMPLETE,
                              .files = json_pack("[{s:s, s:s}]", "filename", filename, "url", id)};
    return upload->files != NULL || error_no_memory(err);
}

size_t dataset_files(const struct upload *upload, struct job_file files[JOB_FILES_MOST])
{
    size_t index;
    json_t *file;

    json_array_foreach(upload->files, index, file)
    {
        if (index == JOB_FILES_MOST)
            return index;
        files[index] =
            (struct job_file){.filename = upload_table_name(file),
                              .digest = json_string_value(json_object_get(file, "digest")),
                              .size_bytes = json_integer_value(json_object_get(file, "size_bytes")),
                              .url = json_string_value(json_object_get(file, "url"))};
    }
    return json_array_size(upload->files);
}
