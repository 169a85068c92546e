/* models.c - see models.h. */
#include "api/models.h"

#include "api/build_submit.h"
#include "api/model_json.h"
#include "api/model_request.h"
#include "api/query.h"
#include "api/services.h"
#include "infra/base/config.h"
#include "infra/store/models.h"

#include <string.h>

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
    struct models_filter filter;
    json_t *items = NULL;
    struct pg_rows *rows;
    struct pg *db;
    int64_t total = 0;

    if (!read_filter(call, &filter, err))
        return false;
    db = call_db(call, err);
    rows = db == NULL ? NULL : models_list(db, &filter, &total, err);
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
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s+, s:s, s:s, s:s, s:s}", "job_id",
                     submitted->job_id.text, "status", "PENDING", "model_name", name,
                     "model_version", "v1.0", "created_at", submitted->created_at, "model_id", name,
                     ":v1.0", "version_id", submitted->version_id.text, "dataset_id",
                     request->dataset_id, "upload_id", request->dataset_id, "intent",
                     request->intent);
}

bool api_models_create(struct call *call, struct error *err)
{
    const char *name = call_path(call, "name");
    struct fields fields = {.object = call_body(call, err)};
    struct model_request request;
    struct submitted submitted = {0};
    bool ok;

    if (fields.object == NULL)
        return false;
    model_name_check(&fields, name);
    model_request_read(&fields, &request);
    ok = call_fields_end(call, &fields, err) &&
         build_submit_first(call, name, &request, &submitted, err) &&
         call_commit_reply(call, 200, created_json(name, &request, &submitted), err);
    if (ok)
        job_submit_publish(call, &submitted.job);
    submitted_clear(&submitted);
    return ok;
}
