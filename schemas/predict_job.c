/* predict_job.c - see predict_job.h. */
#include "schemas/predict_job.h"

#include "schemas/fields.h"

enum { NAME_BYTES = 256 };

static const char *const INPUTS[] = {
    [PREDICT_ROWS] = "rows", [PREDICT_TABLE] = "table", [PREDICT_TABLE + 1] = NULL};
static const char *const FORMATS[] = {"ndjson", "csv", "parquet", NULL};

static json_t *encode_files(const struct predict_job *job)
{
    json_t *files = json_array();

    for (size_t at = 0; at < job->files_count; at++)
        json_array_append_new(files,
                              json_pack("{s:s, s:s, s:I}", "filename", job->files[at].filename,
                                        "digest", job->files[at].digest, "size_bytes",
                                        (json_int_t)job->files[at].size_bytes));
    return files;
}

json_t *predict_job_encode(const struct predict_job *job, struct error *err)
{
    json_t *json =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:{s:s, s:I, s:s?, s:o}, s:{s:s}}",
                  "schema", PREDICT_JOB_SCHEMA, "job_id", job->job_id, "account", job->account,
                  "model_id", job->model_id, "model_name", job->model_name, "version_id",
                  job->version_id, "version", job->version, "artifact_digest", job->artifact_digest,
                  "has_output_schema", (int)job->has_output_schema, "input", "kind",
                  INPUTS[job->input], "rows", (json_int_t)job->rows, "dataset_id", job->dataset_id,
                  "files", encode_files(job), "output", "format", job->format);

    if (json == NULL)
        error_no_memory(err);
    return json;
}

static bool decode_file(const json_t *value, struct build_job_file *file, struct error *err)
{
    struct fields fields = {.object = value};
    bool ok;

    file->filename = fields_text(&fields, "filename", REQUIRED, NAME_BYTES);
    file->digest = fields_text(&fields, "digest", REQUIRED, DIGEST_BYTES);
    file->size_bytes = fields_int(&fields, "size_bytes", REQUIRED, 0, INT64_MAX, 0);
    if (file->digest != NULL && !digest_is(file->digest))
        fields_problem(&fields, "digest", "not a sha256 digest");
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

static bool decode_input(const json_t *value, struct predict_job *job, struct error *err)
{
    struct fields fields = {.object = value};
    const json_t *files;
    bool ok;

    job->input =
        (enum predict_input)fields_choice(&fields, "kind", REQUIRED, INPUTS, PREDICT_TABLE);
    job->rows = fields_int(&fields, "rows", OPTIONAL, 0, INT64_MAX, 0);
    job->dataset_id = fields_text(&fields, "dataset_id", OPTIONAL, NAME_BYTES);
    files = fields_array(&fields, "files", REQUIRED, BUILD_FILES_MOST);
    if (files != NULL && json_array_size(files) == 0)
        fields_problem(&fields, "files", "empty: name at least one file");
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    for (size_t at = 0; ok && at < json_array_size(files); at++)
        ok = decode_file(json_array_get(files, at), &job->files[job->files_count++], err);
    return ok;
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

    if (fields_int(&fields, "schema", REQUIRED, 1, INT64_MAX, 0) > PREDICT_JOB_SCHEMA)
        fields_problem(&fields, "schema", "newer than this program knows: update it");
    job->job_id = fields_text(&fields, "job_id", REQUIRED, NAME_BYTES);
    job->account = fields_text(&fields, "account", REQUIRED, NAME_BYTES);
    job->model_id = fields_text(&fields, "model_id", REQUIRED, NAME_BYTES);
    job->model_name = fields_text(&fields, "model_name", REQUIRED, NAME_BYTES);
    job->version_id = fields_text(&fields, "version_id", REQUIRED, NAME_BYTES);
    job->version = (int)fields_int(&fields, "version", REQUIRED, 1, INT32_MAX, 1);
    job->artifact_digest = fields_text(&fields, "artifact_digest", REQUIRED, DIGEST_BYTES);
    if (job->artifact_digest != NULL && !digest_is(job->artifact_digest))
        fields_problem(&fields, "artifact_digest", "not a sha256 digest");
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
    if (length > MESSAGE_BYTES_MOST)
        return error_set(err, ERROR_VALIDATION, "a message of %zu bytes: at most %d are allowed",
                         length, MESSAGE_BYTES_MOST);
    job->json = json_parse(text, length, err);
    if (job->json != NULL && decode_head(job, &input, &output, err) &&
        decode_input(input, job, err) && decode_output(output, job, err))
        return true;
    if (err->code == ERROR_INVALID_REQUEST)
        err->code = ERROR_VALIDATION;
    predict_job_clear(job);
    return false;
}

void predict_job_clear(struct predict_job *job)
{
    json_decref(job->json);
    *job = (struct predict_job){0};
}
