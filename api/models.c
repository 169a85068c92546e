/* models.c - see models.h. */
#include "api/models.h"

#include "api/build_submit.h"
#include "api/model_json.h"
#include "api/model_request.h"
#include "api/query.h"
#include "api/services.h"
#include "infra/base/config.h"
#include "infra/relay/relay.h"
#include "infra/store/models.h"

#include <stdlib.h>
#include <string.h>

/* ?tags=a,b as a JSON array. False when memory runs out. */
static bool read_tags(struct call *call, char **tags, struct error *err)
{
    const char *text = call_query(call, "tags");
    json_t *array = text == NULL ? NULL : json_array();
    bool ok;

    *tags = NULL;
    if (text == NULL)
        return true;
    for (size_t length; *text != '\0'; text += length + (text[length] == ',')) {
        length = strcspn(text, ",");
        if (length > 0)
            json_array_append_new(array, json_stringn(text, length));
    }
    *tags = json_text(array, err);
    ok = *tags != NULL;
    json_decref(array);
    return ok;
}

static bool read_filter(struct call *call, struct models_filter *filter, struct error *err)
{
    static const char *const STATUSES[] = {"DRAFT", "BUILDING", "READY", "ERROR", NULL};
    static const char *const SORTS[] = {"created_at", "name", NULL};
    static const char *const DIRECTIONS[] = {"desc", "asc", NULL};
    const char *direction;

    filter->account = call_account(call);
    if (!query_page(call, &filter->limit, &filter->offset, err) ||
        !query_word_or_none(call, "status", STATUSES, &filter->status, err) ||
        !query_word(call, "sort_by", SORTS, &filter->sort_by, err) ||
        !query_word(call, "sort_dir", DIRECTIONS, &direction, err))
        return false;
    filter->ascending = strcmp(direction, "asc") == 0;
    return true;
}

bool api_models_list(struct call *call, struct error *err)
{
    struct models_filter filter = {0};
    json_t *items = NULL;
    struct pg_rows *rows;
    struct pg *db;
    int64_t total = 0;
    char *tags;

    if (!read_filter(call, &filter, err) || !read_tags(call, &tags, err))
        return false;
    filter.tags = tags;
    db = call_db(call, err);
    rows = db == NULL ? NULL : models_list(db, &filter, &total, err);
    free(tags);
    if (rows == NULL)
        return false;
    items = json_array();
    for (size_t row = 0; row < pg_rows_count(rows); row++) {
        struct model model;

        model_read(rows, row, &model);
        json_array_append_new(items, model_item_json(&model));
    }
    pg_rows_free(rows);
    return call_reply_take(
        call, 200, page_json_take("models", items, total, filter.limit, filter.offset), err);
}

bool api_models_get(struct call *call, struct error *err)
{
    const char *predict_url = call_services(call)->config->predict_url;
    struct model model = {0};
    struct pg *db = call_db(call, err);
    bool ok = db != NULL &&
              models_find(db, call_account(call), call_path(call, "name"), &model, err) &&
              call_reply_take(call, 200, model_json(&model, predict_url), err);

    model_clear(&model);
    return ok;
}

static json_t *created_json(const char *name, const struct model_request *request,
                            const struct submitted *submitted)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s+, s:s, s:s, s:s, s:s, s:s}", "job_id",
                     submitted->job_id.text, "status", "PENDING", "model_name", name,
                     "model_version", "v1.0", "created_at", submitted->created_at, "model_id", name,
                     ":v1.0", "version_id", submitted->version_id.text, "dataset_id",
                     request->dataset_id, "upload_id", request->dataset_id, "intent",
                     request->intent, "provider", "auto");
}

/* Creates a model; name is NULL when the body has it. */
static bool create(struct call *call, const char *name, struct error *err)
{
    struct fields fields = {.object = call_body(call, err)};
    char made[MODEL_NAME_BYTES];
    struct model_request request;
    struct submitted submitted = {0};
    bool ok;

    if (fields.object == NULL)
        return false;
    model_request_read(&fields, &request);
    if (name == NULL)
        name = model_name_read(&fields, &request, made);
    if (name != NULL)
        model_name_check(&fields, name);
    ok = call_fields_end(call, &fields, err) &&
         build_submit_first(call, name, &request, &submitted, err) &&
         call_commit_reply(call, 200, created_json(name, &request, &submitted), err);
    if (ok)
        job_submit_publish(call, &submitted.job);
    submitted_clear(&submitted);
    return ok;
}

static bool answer_patched(struct call *call, struct pg *db, struct error *err)
{
    struct model model = {0};
    bool ok = models_find(db, call_account(call), call_path(call, "name"), &model, err) &&
              call_reply_take(call, 200, model_patched_json(&model), err);

    model_clear(&model);
    return ok;
}

/* An empty patch changes nothing. */
bool api_models_update(struct call *call, struct error *err)
{
    struct fields fields = {.object = call_body(call, err)};
    struct model_request request;
    struct model_patch patch = {0};
    char *tags = NULL;
    struct pg *db;
    bool ok;

    if (fields.object == NULL)
        return false;
    model_request_read_patch(&fields, &request, &patch.clear_description);
    if (json_is_null(json_object_get(fields.object, "tags")))
        tags = strdup("[]");
    ok = call_fields_end(call, &fields, err);
    if (ok && request.tags != NULL)
        ok = (tags = json_text(request.tags, err)) != NULL;
    patch.display_name = request.title;
    patch.description = request.description;
    patch.tags = tags;
    ok = ok && (db = call_db(call, err)) != NULL;
    if (ok && (patch.display_name != NULL || patch.description != NULL || tags != NULL ||
               patch.clear_description))
        ok = models_update(db, call_account(call), call_path(call, "name"), &patch, err);
    if (ok)
        relay_wake(call_services(call)->relay);
    free(tags);
    return ok && answer_patched(call, db, err);
}

bool api_models_delete(struct call *call, struct error *err)
{
    const char *name = call_path(call, "name");
    struct deleted_model deleted;
    struct pg *db = call_db(call, err);

    if (db == NULL || !models_delete(db, call_account(call), name, &deleted, err))
        return false;
    relay_wake(call_services(call)->relay);
    return call_reply_take(call, 200, model_deleted_json(name, &deleted), err);
}

bool api_models_create(struct call *call, struct error *err)
{
    return create(call, call_path(call, "name"), err);
}

bool api_models_create_named(struct call *call, struct error *err)
{
    return create(call, NULL, err);
}
