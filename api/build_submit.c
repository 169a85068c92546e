/* build_submit.c - see build_submit.h. */
#include "api/build_submit.h"

#include "api/dataset.h"
#include "infra/store/versions.h"
#include "schemas/build_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the texts of a request are owned by that was filled in. */
struct build_store {
    struct version_base base;
    json_t *input_schema;
    json_t *output_schema;
    json_t *report;
};

/* One build, while it is being accepted. */
struct build {
    const char *account;
    const char *name;
    const char *pool;
    const char *kind; /* of its version */
    const struct model_request *request;
    struct submitted *made;
    struct build_job_base base;
    char title[MODEL_TITLE_BYTES];
    char *tags;
    char *input_schema;
    char *output_schema;
};

/* The message ---------------------------------------------------------------------------------*/

static bool make_message(struct build *build, const struct upload *upload, struct error *err)
{
    const struct model_request *request = build->request;
    struct build_job job = {
        .job_id = build->made->job_id.text,
        .account = build->account,
        .model_id = build->made->model_id.text,
        .model_name = build->name,
        .version_id = build->made->version_id.text,
        .version = build->made->version,
        .dataset_id = upload->id,
        .intent = request->intent,
        .target = request->target,
        .metric = request->metric,
        /* a base names its columns itself */
        .input_schema = build->base.version == 0 ? request->input_schema : NULL,
        .output_schema = request->output_schema,
        .max_iterations = request->max_iterations,
        .timeout_s = request->timeout_s,
        .seed = request->seed,
        .base = build->base,
    };
    json_t *json;

    job.files_count = dataset_files(upload, job.files);
    json = build_job_encode(&job, err);
    build->made->message = json == NULL ? NULL : json_text(json, err);
    json_decref(json);
    if (build->made->message == NULL)
        return false;
    return strlen(build->made->message) <= MESSAGE_BYTES_MOST ||
           error_set(err, ERROR_VALIDATION,
                     "intent and schemas together are too long: name fewer columns in "
                     "input_schema, at most about %d KB in all",
                     MESSAGE_BYTES_MOST / 1024);
}

/* The transaction -----------------------------------------------------------------------------*/

static bool text_of(const json_t *json, char **text, struct error *err)
{
    *text = json == NULL ? NULL : json_text(json, err);
    return json == NULL || *text != NULL;
}

static struct version_wish wish_of(const struct model_request *request)
{
    return (struct version_wish){.target = request->target,
                                 .metric = request->metric,
                                 .max_iterations = request->max_iterations,
                                 .timeout_s = request->timeout_s,
                                 .seed = request->seed};
}

static bool insert_model(struct pg *db, struct build *build, const struct upload *upload,
                         struct error *err)
{
    const struct model_request *request = build->request;
    struct new_model model = {
        .id = build->made->model_id.text,
        .account = build->account,
        .name = build->name,
        .display_name = request->title == NULL ? build->title : request->title,
        .description = request->description,
        .intent = request->intent,
        .tags = build->tags == NULL ? "[]" : build->tags,
        .dataset_id = upload->id,
        .input_schema = build->input_schema,
        .output_schema = build->output_schema,
        .created_by = build->account,
        .version_id = build->made->version_id.text,
        .job_id = build->made->job_id.text,
        .wish = wish_of(request),
    };

    return models_insert(db, &model, build->made->created_at, err);
}

static bool insert_version(struct pg *db, struct build *build, const struct upload *upload,
                           struct error *err)
{
    const struct model_request *request = build->request;
    struct new_version version = {
        .id = build->made->version_id.text,
        .model_id = build->made->model_id.text,
        .model_name = build->name,
        .kind = build->kind,
        .job_id = build->made->job_id.text,
        .intent = request->intent,
        .dataset_id = upload->id,
        .input_schema = build->input_schema,
        .output_schema = build->output_schema,
        .wish = wish_of(request),
    };

    return versions_insert(db, &version, &build->made->version, build->made->created_at, err);
}

static bool insert_job(struct call *call, struct pg *db, struct build *build, struct error *err)
{
    struct submitted *made = build->made;

    snprintf(made->topic_key, sizeof made->topic_key, "%s/%s", build->account, build->name);
    made->job.job = (struct new_job){
        .id = made->job_id.text,
        .account = build->account,
        .pool = build->pool,
        .kind = strcmp(build->pool, "retrain") == 0 ? "model_retrain" : "model_build",
        .key = made->model_id.text,
        .model_id = made->model_id.text,
        .model_name = build->name,
        .version_id = made->version_id.text,
        .message = made->message,
        .topic_key = made->topic_key,
    };
    return job_submit_insert(call, db, &made->job, err);
}

/* In the order upload, model, version, job, in which everybody locks. */
static bool insert_all(struct call *call, struct pg *db, struct build *build, struct error *err)
{
    struct upload upload = {0};
    bool ok = dataset_find_or_fetch(db, build->account, build->request->dataset_field,
                                    build->request->dataset_id, &upload, err) &&
              (build->made->version == 1 ? insert_model(db, build, &upload, err)
                                         : insert_version(db, build, &upload, err)) &&
              make_message(build, &upload, err) && insert_job(call, db, build, err);

    upload_clear(&upload);
    return ok;
}

static bool write_texts(struct build *build, struct error *err)
{
    build->made->version_id = id_new("ver");
    build->made->job_id = id_new("job");
    return text_of(build->request->tags, &build->tags, err) &&
           text_of(build->request->input_schema, &build->input_schema, err) &&
           text_of(build->request->output_schema, &build->output_schema, err);
}

static void free_texts(struct build *build)
{
    free(build->tags);
    free(build->input_schema);
    free(build->output_schema);
}

bool build_submit_first(struct call *call, const char *name, const struct model_request *request,
                        struct submitted *submitted, struct error *err)
{
    struct build build = {.account = call_account(call),
                          .name = name,
                          .pool = "build",
                          .kind = "build",
                          .request = request,
                          .made = submitted};
    struct pg *db;
    bool ok;

    *submitted = (struct submitted){
        .model_id = id_new("mdl"), .version = 1, .current = 1, .request = *request};
    model_title(name, build.title);
    ok = write_texts(&build, err) && (db = call_begin(call, err)) != NULL &&
         insert_all(call, db, &build, err);
    free_texts(&build);
    return ok;
}

/* The next version ----------------------------------------------------------------------------*/

static json_t *parsed(const char *text)
{
    return text == NULL ? NULL : json_loads(text, 0, NULL);
}

/* A target that was named stays, unless other output is asked for. */
static void fill_in(struct model_request *request, const struct build_store *store)
{
    const struct version_base *base = &store->base;
    const struct version_wish *wish = &base->wish;

    if (request->dataset_id == NULL) {
        request->dataset_id = base->dataset_id;
        request->dataset_field = "dataset_id";
    }
    if (request->target == NULL && request->output_schema == NULL)
        request->target = wish->target;
    if (request->intent == NULL)
        request->intent = base->intent;
    if (request->input_schema == NULL)
        request->input_schema = store->input_schema;
    if (request->output_schema == NULL)
        request->output_schema = store->output_schema;
    if (request->metric == NULL)
        request->metric = wish->metric;
    if (request->max_iterations == 0)
        request->max_iterations = wish->max_iterations;
    if (request->timeout_s == 0)
        request->timeout_s = wish->timeout_s;
    if (!request->has_seed && base->has_seed)
        request->seed = wish->seed;
}

static bool load_store(struct pg *db, const struct build *build, enum version_origin origin,
                       struct build_store *store, struct error *err)
{
    if (!versions_base(db, build->account, build->name, origin, &store->base, err))
        return false;
    store->input_schema = parsed(store->base.input_schema);
    store->output_schema = parsed(store->base.output_schema);
    store->report = parsed(store->base.report);
    return true;
}

/* What a retrain must keep to; nothing where no version is READY yet. */
static void set_base(struct build *build, const struct build_store *store)
{
    const char *target = json_string_value(json_object_get(store->report, "target"));
    const char *task = json_string_value(json_object_get(store->report, "task"));
    const json_t *schema = json_object_get(store->report, "input_schema");

    if (target != NULL && task != NULL && json_is_object(schema))
        build->base =
            (struct build_job_base){store->base.version, store->base.intent, target, task, schema};
}

bool build_submit_next(struct call *call, const char *name, enum build_kind kind,
                       const struct model_request *request, struct submitted *submitted,
                       struct error *err)
{
    bool retrain = kind == BUILD_RETRAIN;
    struct build build = {.account = call_account(call),
                          .name = name,
                          .pool = retrain ? "retrain" : "build",
                          .kind = retrain ? "retrain" : "build",
                          .request = &submitted->request,
                          .made = submitted};
    struct build_store *store = calloc(1, sizeof *store);
    struct pg *db;
    bool ok;

    *submitted = (struct submitted){.request = *request, .store = store};
    if (store == NULL)
        return error_no_memory(err);
    db = call_begin(call, err);
    if (db == NULL || !load_store(db, &build, retrain ? ORIGIN_READY : ORIGIN_MODEL, store, err))
        return false;
    snprintf(submitted->model_id.text, sizeof submitted->model_id.text, "%s", store->base.model_id);
    submitted->current = store->base.current;
    fill_in(&submitted->request, store);
    if (retrain)
        set_base(&build, store);
    ok = write_texts(&build, err) && insert_all(call, db, &build, err);
    free_texts(&build);
    return ok;
}

void submitted_clear(struct submitted *submitted)
{
    struct build_store *store = submitted->store;

    free(submitted->message);
    submitted->message = NULL;
    if (store == NULL)
        return;
    json_decref(store->input_schema);
    json_decref(store->output_schema);
    json_decref(store->report);
    version_base_clear(&store->base);
    free(store);
    submitted->store = NULL;
}
