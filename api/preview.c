/* preview.c - see preview.h. */
#include "api/preview.h"

#include "api/inspect.h"
#include "api/services.h"
#include "infra/blob/blob.h"
#include "infra/store/uploads.h"

#include <string.h>

enum { ROWS_MOST = 100, ROWS = 10 };

static const char *text_of(const json_t *file, const char *name)
{
    return json_string_value(json_object_get(file, name));
}

/* The file of an upload that has this name; NULL when there is none that can be looked at. */
static const json_t *find_file(const struct upload *upload, const char *filename, struct error *err)
{
    size_t index;
    json_t *file;

    json_array_foreach(upload->files, index, file)
    {
        if (strcmp(text_of(file, "filename"), filename) != 0)
            continue;
        if (upload->status == UPLOAD_COMPLETE && text_of(file, "digest") != NULL)
            return file;
        error_set(err, ERROR_CONFLICT,
                  "the upload is %s: a file can be looked at once the upload is complete",
                  state_word(MACHINE_UPLOAD, (int)upload->status));
        return NULL;
    }
    error_set(err, ERROR_NOT_FOUND, "the upload has no file named %.120s", filename);
    return NULL;
}

static bool find_blob(struct services *services, const json_t *file, char path[BLOB_PATH_BYTES],
                      struct error *err)
{
    if (blobs_path(services->blobs, text_of(file, "digest"), path, err))
        return true;
    if (err->code == ERROR_NOT_FOUND)
        error_set(err, ERROR_UNAVAILABLE, "%.120s is not in the blob store: upload it again",
                  text_of(file, "filename"));
    return false;
}

/* {"filename", "total_rows", "returned_rows", "columns"?, "data"} */
static json_t *encode(const json_t *file, json_t *rows)
{
    json_t *answer = json_object();

    json_object_set(answer, "filename", json_object_get(file, "filename"));
    json_object_set(answer, "total_rows", json_object_get(file, "rows"));
    json_object_update(answer, rows);
    return answer;
}

static bool reply(struct call *call, const json_t *file, int limit, int offset, struct error *err)
{
    struct services *services = call_services(call);
    char path[BLOB_PATH_BYTES];
    json_t *rows;
    bool ok;

    call_release_db(call); /* the child may take a while */
    if (!find_blob(services, file, path, err))
        return false;
    rows =
        inspect_rows(services->worker_program, upload_table_name(file), path, offset, limit, err);
    ok = rows != NULL && call_reply_take(call, 200, encode(file, rows), err);
    json_decref(rows);
    return ok;
}

bool api_preview_get(struct call *call, struct error *err)
{
    struct upload upload = {0};
    const json_t *file;
    struct pg *db;
    int64_t limit;
    int64_t offset;
    bool ok;

    if (!call_query_int(call, "limit", 1, ROWS_MOST, ROWS, &limit, err) ||
        !call_query_int(call, "offset", 0, INT32_MAX, 0, &offset, err))
        return false;
    db = call_db(call, err);
    ok = db != NULL &&
         uploads_find(db, call_account(call), call_path(call, "upload_id"), &upload, err) &&
         (file = find_file(&upload, call_path(call, "filename"), err)) != NULL &&
         reply(call, file, (int)limit, (int)offset, err);
    upload_clear(&upload);
    return ok;
}
