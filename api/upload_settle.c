/* upload_settle.c - see upload_settle.h. */
#include "api/upload_settle.h"

#include "api/inspect.h"
#include "api/services.h"
#include "infra/base/config.h"
#include "infra/base/ids.h"
#include "infra/blob/blob.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *text_of(const json_t *file, const char *name)
{
    return json_string_value(json_object_get(file, name));
}

static bool all_arrived(const struct upload *upload, struct error *err)
{
    size_t index;
    json_t *file;

    json_array_foreach(upload->files, index, file)
    {
        if (text_of(file, "digest") == NULL)
            return error_set(err, ERROR_CONFLICT,
                             "%.120s has not arrived: PUT it to its presigned_url, then confirm",
                             text_of(file, "filename"));
    }
    return true;
}

/* Whether two files have the same columns, in the same order. */
static bool same_columns(const json_t *first, const json_t *file, const json_t *columns,
                         struct error *err)
{
    const json_t *expected = json_object_get(first, "columns");
    size_t count = json_array_size(expected);

    if (json_array_size(columns) != count)
        return error_set(err, ERROR_VALIDATION,
                         "%.60s has %zu columns, %.60s has %zu: files of one upload need the same",
                         text_of(first, "filename"), count, text_of(file, "filename"),
                         json_array_size(columns));
    for (size_t at = 0; at < count; at++) {
        const char *a = text_of(json_array_get(expected, at), "name");
        const char *b = text_of(json_array_get(columns, at), "name");

        if (a == NULL || b == NULL || strcmp(a, b) != 0)
            return error_set(err, ERROR_VALIDATION,
                             "column %zu is '%.40s' in %.50s, '%.40s' in %.50s: files of one "
                             "upload need the same columns",
                             at + 1, a == NULL ? "" : a, text_of(first, "filename"),
                             b == NULL ? "" : b, text_of(file, "filename"));
    }
    return true;
}

/* The type that holds the values of both. */
static const char *common_type(const char *a, const char *b)
{
    bool numbers = (strcmp(a, "integer") == 0 || strcmp(a, "float") == 0) &&
                   (strcmp(b, "integer") == 0 || strcmp(b, "float") == 0);

    return strcmp(a, b) == 0 ? a : numbers ? "float" : "string";
}

/* Makes the first file's columns tell of a further file too. */
static void merge_columns(json_t *columns, const json_t *more)
{
    size_t index;
    json_t *column;

    json_array_foreach(columns, index, column)
    {
        const json_t *other = json_array_get(more, index);
        const char *a = text_of(column, "type");
        const char *b = text_of(other, "type");

        if (a != NULL && b != NULL)
            json_object_set_new(column, "type", json_string(common_type(a, b)));
        if (json_is_true(json_object_get(other, "nullable")))
            json_object_set_new(column, "nullable", json_true());
        json_object_set_new(column, "unique", json_false()); /* across files nobody knows */
    }
}

/* Tells of each column whether all its values differ, where the child counted the different ones.
 */
static void judge_unique(json_t *columns, json_int_t rows)
{
    size_t index;
    json_t *column;

    json_array_foreach(columns, index, column)
    {
        const json_t *different = json_object_get(column, "unique");

        json_object_set_new(
            column, "unique",
            json_boolean(json_is_integer(different) && json_integer_value(different) == rows));
    }
}

static bool note_facts(json_t *files, size_t index, json_t *facts, struct error *err)
{
    json_t *file = json_array_get(files, index);
    json_t *first = json_array_get(files, 0);
    json_t *columns = json_object_get(facts, "columns");
    json_t *rows = json_object_get(facts, "rows");

    judge_unique(columns, json_integer_value(rows));
    if (index > 0 && !same_columns(first, file, columns, err))
        return false;
    if (index > 0)
        merge_columns(json_object_get(first, "columns"), columns);
    else
        json_object_set(file, "columns", columns);
    json_object_set(file, "rows", rows == NULL ? json_null() : rows);
    json_object_set_new(file, "columns_count", json_integer((json_int_t)json_array_size(columns)));
    return true;
}

/* Takes the table out of an archive: what is built of it is the table. */
static json_t *read_archive(struct services *services, json_t *file, const char *path,
                            struct error *err)
{
    char temp[BLOB_PATH_BYTES];
    char digest[DIGEST_BYTES];
    json_t *facts;

    if (!blobs_temp(services->blobs, temp, err))
        return NULL;
    facts = inspect_archive(services->worker_program, text_of(file, "filename"), path, temp,
                            services->config->max_upload_mb, err);
    if (facts == NULL) {
        unlink(temp);
        return NULL;
    }
    if (!blobs_adopt(services->blobs, temp, digest, NULL, err)) {
        json_decref(facts);
        return NULL;
    }
    json_object_set(file, "archive_digest", json_object_get(file, "digest"));
    json_object_set(file, "member", json_object_get(facts, "member"));
    json_object_set_new(file, "digest", json_string(digest));
    return facts;
}

static bool read_file(struct services *services, json_t *files, size_t index, struct error *err)
{
    json_t *file = json_array_get(files, index);
    char path[BLOB_PATH_BYTES];
    json_t *facts;
    bool ok;

    if (!blobs_path(services->blobs, text_of(file, "digest"), path, err)) {
        error_set(err, ERROR_UNAVAILABLE, "%.120s is not in the blob store: upload it again",
                  text_of(file, "filename"));
        return error_detail(err, "no blob %s", text_of(file, "digest"));
    }
    facts = blob_is_archive(path)
                ? read_archive(services, file, path, err)
                : inspect_file(services->worker_program, text_of(file, "filename"), path, err);
    if (facts == NULL && err->code == ERROR_VALIDATION && json_array_size(files) > 1) {
        struct error inner = *err;

        error_set(err, ERROR_VALIDATION, "%.60s: %.180s", text_of(file, "filename"), inner.message);
    }
    ok = facts != NULL && note_facts(files, index, facts, err);
    json_decref(facts);
    return ok;
}

static bool read_files(struct services *services, json_t *files, struct error *err)
{
    for (size_t at = 0; at < json_array_size(files); at++)
        if (!read_file(services, files, at, err))
            return false;
    return true;
}

/* Loads the upload anew: somebody else may have ended it. */
static bool reload(struct call *call, struct upload *upload, struct error *err)
{
    struct pg *db = call_db(call, err);
    char id[ID_BYTES];

    snprintf(id, sizeof id, "%s", upload->id);
    upload_clear(upload);
    return db != NULL && uploads_find(db, call_account(call), id, upload, err);
}

/* Whether an upload that has ended is complete. */
static bool judge(const struct upload *upload, struct error *err)
{
    if (upload->status == UPLOAD_COMPLETE)
        return true;
    if (upload->status == UPLOAD_FAILED)
        return error_set(err, ERROR_VALIDATION, "%.250s",
                         upload->error == NULL ? "the upload has failed" : upload->error);
    return error_set(err, ERROR_CONFLICT, "the upload was changed meanwhile: confirm it again");
}

bool upload_settle(struct call *call, struct upload *upload, struct error *err)
{
    json_t *files;
    struct error reason = {0};
    struct pg *db;
    bool sound;
    bool ended;

    if (upload->status != UPLOAD_PENDING)
        return judge(upload, err) && call_begin(call, err) != NULL;
    if (!all_arrived(upload, err))
        return false;
    files = json_deep_copy(upload->files);
    call_release_db(call);
    sound =
        files == NULL ? error_no_memory(&reason) : read_files(call_services(call), files, &reason);
    if (!sound && reason.code != ERROR_VALIDATION) {
        json_decref(files);
        *err = reason;
        return false;
    }
    db = sound ? call_begin(call, err) : call_db(call, err);
    ended =
        db != NULL && (sound ? uploads_complete(db, upload->id, upload->revision, files, err)
                             : uploads_fail(db, upload->id, upload->revision, reason.message, err));
    json_decref(files);
    if (!ended && (db == NULL || err->code != ERROR_CONFLICT))
        return false;
    if (ended)
        return reload(call, upload, err) && judge(upload, err);
    call_release_db(call); /* and the transaction: somebody else has ended the upload */
    return reload(call, upload, err) && judge(upload, err) && call_begin(call, err) != NULL;
}
