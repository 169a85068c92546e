/* build_job.c - see build_job.h. */
#include "schemas/build_job.h"

enum { DATASET_BYTES = 1024, INTENT_BYTES = 8192 };

/* Only retrains have a base. */
static bool encode_base(const struct build_job_base *base, json_t *json)
{
    return base->version == 0 ||
           json_object_set_new(json, "base",
                               json_pack("{s:i, s:s?, s:s, s:s, s:O}", "version", base->version,
                                         "intent", base->intent, "target", base->target, "task",
                                         base->task, "input_schema", base->input_schema)) == 0;
}

json_t *build_job_encode(const struct build_job *job, struct error *err)
{
    json_t *json = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s, s:o}, s:{s:s, s:s?, s:s?, s:O?, s:O?, s:i, "
        "s:i, s:I}}",
        "schema", BUILD_JOB_SCHEMA, "job_id", job->job_id, "account", job->account, "model_id",
        job->model_id, "model_name", job->model_name, "version_id", job->version_id, "version",
        job->version, "dataset", "dataset_id", job->dataset_id, "files",
        job_files_encode(job->files, job->files_count), "spec", "intent", job->intent, "target",
        job->target, "metric", job->metric, "input_schema", job->input_schema, "output_schema",
        job->output_schema, "max_iterations", job->max_iterations, "timeout_s", job->timeout_s,
        "seed", (json_int_t)job->seed);

    if (json != NULL && encode_base(&job->base, json))
        return json;
    json_decref(json);
    error_no_memory(err);
    return NULL;
}

static bool decode_dataset(const json_t *value, struct build_job *job, struct error *err)
{
    struct fields fields = {.object = value};
    const json_t *files;
    bool ok;

    job->dataset_id = fields_text(&fields, "dataset_id", REQUIRED, DATASET_BYTES);
    files = fields_array(&fields, "files", REQUIRED, JOB_FILES_MOST);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok && job_files_decode(files, job->files, &job->files_count, err);
}

static bool decode_spec(const json_t *value, struct build_job *job, struct error *err)
{
    struct fields fields = {.object = value};
    bool ok;

    job->intent = fields_text(&fields, "intent", REQUIRED, INTENT_BYTES);
    job->target = fields_text(&fields, "target", OPTIONAL, MESSAGE_NAME_BYTES);
    job->metric = fields_text(&fields, "metric", OPTIONAL, MESSAGE_NAME_BYTES);
    job->input_schema = fields_object(&fields, "input_schema", OPTIONAL);
    job->output_schema = fields_object(&fields, "output_schema", OPTIONAL);
    job->max_iterations = (int)fields_int(&fields, "max_iterations", OPTIONAL, 0, 100, 0);
    job->timeout_s = (int)fields_int(&fields, "timeout_s", OPTIONAL, 0, 604800, 0);
    job->seed = fields_int(&fields, "seed", OPTIONAL, 0, INT64_MAX, 0);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

static bool decode_base(const json_t *value, struct build_job_base *base, struct error *err)
{
    struct fields fields = {.object = value};
    bool ok;

    if (value == NULL)
        return true;
    base->version = (int)fields_int(&fields, "version", REQUIRED, 1, INT32_MAX, 1);
    base->intent = fields_text(&fields, "intent", OPTIONAL, INTENT_BYTES);
    base->target = fields_text(&fields, "target", REQUIRED, MESSAGE_NAME_BYTES);
    base->task = fields_text(&fields, "task", REQUIRED, MESSAGE_NAME_BYTES);
    base->input_schema = fields_object(&fields, "input_schema", REQUIRED);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

static bool decode_head(struct build_job *job, const json_t **dataset, const json_t **spec,
                        const json_t **base, struct error *err)
{
    struct fields fields = {.object = job->json};
    bool ok;

    message_read_schema(&fields, BUILD_JOB_SCHEMA);
    job->job_id = fields_text(&fields, "job_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->account = fields_text(&fields, "account", REQUIRED, MESSAGE_NAME_BYTES);
    job->model_id = fields_text(&fields, "model_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->model_name = fields_text(&fields, "model_name", REQUIRED, MESSAGE_NAME_BYTES);
    job->version_id = fields_text(&fields, "version_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->version = (int)fields_int(&fields, "version", REQUIRED, 1, INT32_MAX, 1);
    *dataset = fields_object(&fields, "dataset", REQUIRED);
    *spec = fields_object(&fields, "spec", REQUIRED);
    *base = fields_object(&fields, "base", OPTIONAL);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

bool build_job_decode(const char *text, size_t length, struct build_job *job, struct error *err)
{
    const json_t *dataset = NULL;
    const json_t *spec = NULL;
    const json_t *base = NULL;

    *job = (struct build_job){0};
    job->json = message_parse(text, length, err);
    if (job->json != NULL && decode_head(job, &dataset, &spec, &base, err) &&
        decode_dataset(dataset, job, err) && decode_spec(spec, job, err) &&
        decode_base(base, &job->base, err))
        return true;
    build_job_clear(job);
    return false;
}

void build_job_clear(struct build_job *job)
{
    json_decref(job->json);
    *job = (struct build_job){0};
}
