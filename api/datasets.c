/* datasets.c - see datasets.h. */
#include "api/datasets.h"

#include "infra/store/datasets.h"

#include <stdio.h>

static json_t *encode_version(const struct pg_rows *rows, size_t row)
{
    char version[16];

    snprintf(version, sizeof version, "v%d.0", (int)pg_int(rows, row, 0));
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "version", version, "upload_id",
                     pg_text_or_empty(rows, row, 1), "created_at", pg_text_or_empty(rows, row, 2),
                     "status", pg_text_or_empty(rows, row, 3), "file_count",
                     (json_int_t)pg_int(rows, row, 4), "total_size_bytes",
                     (json_int_t)pg_int(rows, row, 5));
}

bool api_datasets_versions(struct call *call, struct error *err)
{
    const char *name = call_path(call, "dataset_name");
    struct pg *db = call_db(call, err);
    struct pg_rows *rows = db == NULL ? NULL : datasets_versions(db, call_account(call), name, err);
    json_t *versions;
    bool ok = false;

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        error_set(err, ERROR_NOT_FOUND, "no upload has the name %.100s", name);
    } else {
        versions = json_array();
        for (size_t row = 0; row < pg_rows_count(rows); row++)
            json_array_append_new(versions, encode_version(rows, row));
        ok = call_reply_take(
            call, 200, json_pack("{s:s, s:o}", "dataset_name", name, "versions", versions), err);
    }
    pg_rows_free(rows);
    return ok;
}

bool api_datasets_delete(struct call *call, struct error *err)
{
    const char *id = call_path(call, "upload_id");
    char deleted_at[DATASET_TIME_BYTES];
    struct pg *db = call_begin(call, err);

    return db != NULL && datasets_delete(db, call_account(call), id, deleted_at, err) &&
           call_commit_reply(call, 200,
                             json_pack("{s:s, s:s, s:s, s:b, s:s}", "upload_id", id, "status",
                                       "deleted", "deleted_at", deleted_at, "success", true,
                                       "message", "the upload was deleted"),
                             err);
}
