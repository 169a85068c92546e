/* build_submit.c - see build_submit.h. */
#include "api/build_submit.h"

#include "infra/store/uploads.h"
#include "schemas/build_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All texts of one build, while it is being accepted. */
struct build {
    const char *account;
    const char *name;
    const struct model_request *request;
    struct submitted *made;
    char title[MODEL_TITLE_BYTES];
    char *tags;
    char *input_schema;
    char *output_schema;
};

/* The dataset ---------------------------------------------------------------------------------*/

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

static bool find_dataset(struct pg *db, const struct build *build, struct upload *upload,
                         struct error *err)
{
    const struct model_request *request = build->request;

    if (uploads_find(db, build->account, request->dataset_id, upload, err))
        return check_upload(upload, request->dataset_field, err);
    if (err->code == ERROR_NOT_FOUND)
        error_set(
            err, ERROR_NOT_FOUND,
            "%s: there is no dataset %.100s: upload a table by POST /uploads, and give its id",
            request->dataset_field, request->dataset_id);
    return false;
}

/* The message ---------------------------------------------------------------------------------*/

static void name_files(const struct upload *upload, struct build_job *job)
{
    size_t index;
    json_t *file;

    json_array_foreach(upload->files, index, file)
    {
        if (index == BUILD_FILES_MOST)
            break;
        job->files[job->files_count++] = (struct build_job_file){
            .filename = json_string_value(json_object_get(file, "filename")),
            .digest = json_string_value(json_object_get(file, "digest")),
            .size_bytes = json_integer_value(json_object_get(file, "size_bytes"))};
    }
}

static bool make_message(struct build *build, const struct upload *upload, struct error *err)
{
    const struct model_request *request = build->request;
    struct build_job job = {
        .job_id = build->made->job_id.text,
        .account = build->account,
        .model_id = build->made->model_id.text,
        .model_name = build->name,
        .version_id = build->made->version_id.text,
        .version = 1,
        .dataset_id = upload->id,
        .intent = request->intent,
        .target = request->target,
        .metric = request->metric,
        .input_schema = request->input_schema,
        .output_schema = request->output_schema,
        .max_iterations = request->max_iterations,
        .timeout_s = request->timeout_s,
        .seed = request->seed,
    };
    json_t *json;

    name_files(upload, &job);
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
        .wish = {.target = request->target,
                 .metric = request->metric,
                 .max_iterations = request->max_iterations,
                 .timeout_s = request->timeout_s,
                 .seed = request->seed},
    };

    return models_insert(db, &model, build->made->created_at, err);
}

static bool insert_job(struct call *call, struct pg *db, struct build *build, struct error *err)
{
    struct submitted *made = build->made;

    snprintf(made->topic_key, sizeof made->topic_key, "%s/%s", build->account, build->name);
    made->job.job = (struct new_job){
        .id = made->job_id.text,
        .account = build->account,
        .pool = "build",
        .kind = "model_build",
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
static bool insert_all(struct call *call, struct build *build, struct error *err)
{
    struct upload upload = {0};
    struct pg *db = call_begin(call, err);
    bool ok = db != NULL && find_dataset(db, build, &upload, err) &&
              make_message(build, &upload, err) && insert_model(db, build, &upload, err) &&
              insert_job(call, db, build, err);

    upload_clear(&upload);
    return ok;
}

static bool prepare(struct build *build, struct error *err)
{
    build->made->model_id = id_new("mdl");
    build->made->version_id = id_new("ver");
    build->made->job_id = id_new("job");
    model_title(build->name, build->title);
    return text_of(build->request->tags, &build->tags, err) &&
           text_of(build->request->input_schema, &build->input_schema, err) &&
           text_of(build->request->output_schema, &build->output_schema, err);
}

bool build_submit_first(struct call *call, const char *name, const struct model_request *request,
                        struct submitted *submitted, struct error *err)
{
    struct build build = {
        .account = call_account(call), .name = name, .request = request, .made = submitted};
    bool ok;

    *submitted = (struct submitted){0};
    ok = prepare(&build, err) && insert_all(call, &build, err);
    free(build.tags);
    free(build.input_schema);
    free(build.output_schema);
    return ok;
}

void submitted_clear(struct submitted *submitted)
{
    free(submitted->message);
    submitted->message = NULL;
}
