/* predict_job.c - see predict_job.h. */
#include "schemas/predict_job.h"

#include "schemas/fields.h"

static const char *const INPUTS[] = {
    [PREDICT_ROWS] = "rows", [PREDICT_TABLE] = "table", [PREDICT_TABLE + 1] = NULL};
static const char *const FORMATS[] = {"ndjson", "csv", "parquet", NULL};

json_t *predict_job_encode(const struct predict_job *job, struct error *err)
{
    json_t *json = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:{s:s, s:I, s:s?, s:o}, s:{s:s}}", "schema",
        PREDICT_JOB_SCHEMA, "job_id", job->job_id, "account", job->account, "model_id",
        job->model_id, "model_name", job->model_name, "version_id", job->version_id, "version",
        job->version, "artifact_digest", job->artifact_digest, "has_output_schema",
        (int)job->has_output_schema, "input", "kind", INPUTS[job->input], "rows",
        (json_int_t)job->rows, "dataset_id", job->dataset_id, "files",
        job_files_encode(job->files, job->files_count), "output", "format", job->format);

    if (json == NULL)
        error_no_memory(err);
    return json;
}

/* A batch reads what the blob store has: nothing is fetched for it. */
static bool are_stored(const struct predict_job *job, struct error *err)
{
    for (size_t at = 0; at < job->files_count; at++)
        if (job->files[at].digest == NULL || job->files[at].url != NULL)
            return error_set(err, ERROR_VALIDATION, "files: %.100s has no digest alone",
                             job->files[at].filename);
    return true;
}

static bool decode_input(const json_t *value, struct predict_job *job, struct error *err)
{
    struct fields fields = {.object = value};
    const json_t *files;
    bool ok;

    job->input =
        (enum predict_input)fields_choice(&fields, "kind", REQUIRED, INPUTS, PREDICT_TABLE);
    job->rows = fields_int(&fields, "rows", OPTIONAL, 0, INT64_MAX, 0);
    job->dataset_id = fields_text(&fields, "dataset_id", OPTIONAL, MESSAGE_NAME_BYTES);
    files = fields_array(&fields, "files", REQUIRED, JOB_FILES_MOST);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok && job_files_decode(files, job->files, &job->files_count, err) &&
           are_stored(job, err);
}

static bool decode_output(const json_t *value, struct predict_job *job, struct error *err)
{
    struct fields fields = {.object = value};
    bool ok;

    job->format = FORMATS[fields_choice(&fields, "format", REQUIRED, FORMATS, 0)];
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

static bool decode_head(struct predict_job *job, const json_t **input, const json_t **output,
                        struct error *err)
{
    struct fields fields = {.object = job->json};
    bool ok;

    message_read_schema(&fields, PREDICT_JOB_SCHEMA);
    job->job_id = fields_text(&fields, "job_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->account = fields_text(&fields, "account", REQUIRED, MESSAGE_NAME_BYTES);
    job->model_id = fields_text(&fields, "model_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->model_name = fields_text(&fields, "model_name", REQUIRED, MESSAGE_NAME_BYTES);
    job->version_id = fields_text(&fields, "version_id", REQUIRED, MESSAGE_NAME_BYTES);
    job->version = (int)fields_int(&fields, "version", REQUIRED, 1, INT32_MAX, 1);
    job->artifact_digest = message_read_digest(&fields, "artifact_digest", REQUIRED);
    job->has_output_schema = fields_bool(&fields, "has_output_schema", REQUIRED, false);
    *input = fields_object(&fields, "input", REQUIRED);
    *output = fields_object(&fields, "output", REQUIRED);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

bool predict_job_decode(const char *text, size_t length, struct predict_job *job, struct error *err)
{
    const json_t *input = NULL;
    const json_t *output = NULL;

    *job = (struct predict_job){0};
    job->json = message_parse(text, length, err);
    if (job->json != NULL && decode_head(job, &input, &output, err) &&
        decode_input(input, job, err) && decode_output(output, job, err))
        return true;
    predict_job_clear(job);
    return false;
}

void predict_job_clear(struct predict_job *job)
{
    json_decref(job->json);
    *job = (struct predict_job){0};
}
