/* uploads.c - see uploads.h. */
#include "api/uploads.h"

#include "api/multipart_upload.h"
#include "api/query.h"
#include "api/services.h"
#include "api/upload_json.h"
#include "api/upload_request.h"
#include "api/upload_settle.h"
#include "api/upload_sign.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/store/datasets.h"
#include "infra/store/uploads.h"

#include <string.h>
#include <strings.h>

/* Create --------------------------------------------------------------------------------------*/

/* The answer to a new upload: where its files are to be PUT. */
static json_t *encode_urls(const struct services *services, const struct upload *upload,
                           bool single)
{
    json_t *answer = upload_encode(upload, true);
    json_t *files = json_object_get(answer, "files");
    int64_t expires_s = clock_wall_ms() / 1000 + UPLOAD_URL_LIFETIME_S;
    char url[UPLOAD_URL_BYTES];
    size_t index;
    json_t *file;

    json_object_set_new(answer, "expires_at", json_string(upload->expires_at));
    json_array_foreach(files, index, file)
    {
        upload_sign_url(services->signing_key, services->config->upload_url, upload->id, index,
                        expires_s, url);
        json_object_set_new(file, "presigned_url", json_string(url));
        if (single) {
            json_object_set_new(answer, "presigned_url", json_string(url));
            json_object_set(answer, "key", json_object_get(file, "s3_key"));
        }
    }
    return answer;
}

/* Inserts an upload and reads back what the database made of it. */
static bool insert(struct call *call, struct pg *db, const struct upload_request *request,
                   struct upload *upload, struct error *err)
{
    struct id id = id_new("upload");
    const char *first =
        json_string_value(json_object_get(json_array_get(request->files, 0), "filename"));
    struct new_upload made = {
        .id = id.text,
        .account = call_account(call),
        .name = request->name == NULL || *request->name == '\0' ? first : request->name,
        .description = request->description,
        .files = request->files,
        .lifetime_s = UPLOAD_URL_LIFETIME_S,
    };

    return db != NULL && uploads_create(db, &made, err) &&
           uploads_find(db, made.account, made.id, upload, err);
}

/* The fields of a form as the object that JSON would have brought. */
static json_t *form_object(const struct call *call, const char *const *names)
{
    json_t *object = json_object();

    for (; *names != NULL; names++)
        if (call_form(call, *names) != NULL) {
            json_t *text = json_string(call_form(call, *names));

            /* what is not UTF-8 is no text either */
            json_object_set_new(object, *names, text == NULL ? json_true() : text);
        }
    return object;
}

/* Takes the files that came with the request, and what the form says beside them. */
static bool read_whole(struct call *call, struct multipart_upload *multipart, const json_t *form,
                       struct upload_request *request, struct error *err)
{
    struct fields fields = {.object = form};

    if (!multipart_upload_end(multipart, err))
        return false;
    if (multipart_upload_count(multipart) == 0)
        return error_set(err, ERROR_INVALID_REQUEST,
                         "no file in the body: send it as a part named files");
    upload_request_describe(&fields, request);
    if (!call_fields_end(call, &fields, err))
        return false;
    request->files = upload_request_files(multipart);
    return request->files != NULL || error_no_memory(err);
}

/* The files came with the request: they are read at once. */
static bool create_whole(struct call *call, struct multipart_upload *multipart, struct error *err)
{
    static const char *const NAMES[] = {"name", "description", NULL};
    struct upload_request request = {0};
    struct upload upload = {0};
    json_t *form = form_object(call, NAMES);
    bool ok = read_whole(call, multipart, form, &request, err) &&
              insert(call, call_db(call, err), &request, &upload, err) &&
              upload_settle(call, &upload, err) &&
              call_commit_reply(call, 200, upload_encode(&upload, true), err);

    upload_clear(&upload);
    json_decref(request.files);
    json_decref(form);
    return ok;
}

static bool has_type(const struct call *call, const char *wanted)
{
    const char *type = call_header(call, "Content-Type");

    return type != NULL && strncasecmp(type, wanted, strlen(wanted)) == 0;
}

/*
 * The body as an object, from JSON or a form; owned by the caller. A form without the field needed
 * (NULL: without any) says nothing.
 */
static json_t *read_body(struct call *call, const char *const *names, const char *needed,
                         struct error *err)
{
    const json_t *body;
    json_t *form = form_object(call, names);

    if (needed == NULL ? json_object_size(form) > 0 : json_object_get(form, needed) != NULL)
        return form;
    json_decref(form);
    if (has_type(call, "multipart/")) {
        error_set(err, ERROR_INVALID_REQUEST,
                  "no file in the body: send it as a part named files, with a file name");
        return NULL;
    }
    if (has_type(call, "application/x-www-form-urlencoded")) {
        error_set(err, ERROR_INVALID_REQUEST, "the form has no %s: give it, or send JSON",
                  needed == NULL ? "fields" : needed);
        return NULL;
    }
    body = call_body(call, err);
    return body == NULL ? NULL : json_incref((json_t *)body);
}

bool api_uploads_create(struct call *call, struct error *err)
{
    static const char *const NAMES[] = {"filename", "content_type", "name", "description", NULL};
    struct services *services = call_services(call);
    struct multipart_upload *multipart = call_multipart(call);
    struct upload_request request;
    struct upload upload = {0};
    struct fields fields = {0};
    json_t *body;
    bool ok;

    if (multipart != NULL)
        return create_whole(call, multipart, err);
    body = read_body(call, NAMES, "filename", err);
    if (body == NULL)
        return false;
    fields.object = body;
    upload_request_read(&fields, services->config->max_upload_mb, &request);
    ok = call_fields_end(call, &fields, err) &&
         insert(call, call_begin(call, err), &request, &upload, err) &&
         call_commit_reply(call, 200, encode_urls(services, &upload, request.single), err);
    upload_clear(&upload);
    json_decref(request.files);
    json_decref(body);
    return ok;
}

/* Confirm -------------------------------------------------------------------------------------*/

static json_t *encode_confirmed(const struct upload *upload)
{
    json_t *answer = upload_encode(upload, true);

    json_object_set_new(answer, "message", json_string("the upload is complete"));
    json_object_set_new(answer, "estimated_completion", json_string(upload->updated_at));
    return answer;
}

/* Finds the upload that the body names and checks what it says of the files. */
static bool find_confirmed(struct call *call, json_t *body, struct upload *upload,
                           struct error *err)
{
    struct fields fields = {.object = body};
    const char *id = upload_confirm_read(&fields, call_path(call, "upload_id"));
    struct pg *db;

    if (id != NULL) {
        db = call_db(call, err);
        if (db == NULL || !uploads_find(db, call_account(call), id, upload, err)) {
            fields_clear(&fields);
            return false;
        }
        upload_confirm_check(&fields, upload);
    }
    return call_fields_end(call, &fields, err);
}

/* The body; none is needed where the path says which upload it is. */
static json_t *read_confirmation(struct call *call, const char *const *names, struct error *err)
{
    bool named = call_path(call, "upload_id") != NULL;
    size_t length = 0;

    call_raw_body(call, &length);
    return length == 0 && named ? json_object()
                                : read_body(call, names, named ? NULL : "upload_id", err);
}

bool api_uploads_confirm(struct call *call, struct error *err)
{
    static const char *const NAMES[] = {"upload_id", "filename", "s3_key", "status", NULL};
    struct upload upload = {0};
    json_t *body = read_confirmation(call, NAMES, err);
    bool ok = body != NULL && find_confirmed(call, body, &upload, err) &&
              upload_settle(call, &upload, err) &&
              call_commit_reply(call, 200, encode_confirmed(&upload), err);

    upload_clear(&upload);
    json_decref(body);
    return ok;
}

/* Look ----------------------------------------------------------------------------------------*/

/* An upload with the model versions that were built of it. */
static json_t *encode_with_users(struct pg *db, const struct upload *upload, struct error *err)
{
    struct pg_rows *rows = datasets_users(db, upload->account, upload->id, err);
    json_t *answer;

    if (rows == NULL)
        return NULL;
    answer = upload_encode(upload, true);
    json_object_set_new(answer, "models_using_this", upload_encode_users(rows));
    pg_rows_free(rows);
    return answer;
}

bool api_uploads_get(struct call *call, struct error *err)
{
    struct upload upload = {0};
    struct pg *db = call_db(call, err);
    json_t *answer = NULL;
    bool ok = db != NULL &&
              uploads_find(db, call_account(call), call_path(call, "upload_id"), &upload, err) &&
              (answer = encode_with_users(db, &upload, err)) != NULL &&
              call_reply_take(call, 200, answer, err);

    upload_clear(&upload);
    return ok;
}

static bool read_filter(struct call *call, struct uploads_filter *filter, struct error *err)
{
    static const char *const STATUSES[] = {"pending", "processing", "complete", "failed", NULL};
    static const char *const SORTS[] = {"created_at", "status", NULL};
    static const char *const ORDERS[] = {"desc", "asc", NULL};
    const char *order;

    filter->account = call_account(call);
    if (!query_page(call, &filter->limit, &filter->offset, err) ||
        !query_word_or_none(call, "status", STATUSES, &filter->status, err) ||
        !query_word(call, "sort", SORTS, &filter->sort, err) ||
        !query_word(call, "order", ORDERS, &order, err))
        return false;
    filter->ascending = strcmp(order, "asc") == 0;
    return true;
}

static json_t *encode_list(const struct pg_rows *rows, struct error *err)
{
    json_t *list = json_array();

    for (size_t row = 0; row < pg_rows_count(rows); row++) {
        struct upload upload;

        if (!upload_read(rows, row, &upload, err)) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, upload_encode(&upload, false));
        upload_clear(&upload);
    }
    return list;
}

bool api_uploads_list(struct call *call, struct error *err)
{
    struct uploads_filter filter;
    struct pg_rows *rows;
    struct pg *db;
    int64_t total = 0;
    json_t *list;

    if (!read_filter(call, &filter, err))
        return false;
    db = call_db(call, err);
    rows = db == NULL ? NULL : uploads_list(db, &filter, &total, err);
    if (rows == NULL)
        return false;
    list = encode_list(rows, err);
    pg_rows_free(rows);
    return list != NULL &&
           call_reply_take(
               call, 200, page_json_take("uploads", list, total, filter.limit, filter.offset), err);
}
