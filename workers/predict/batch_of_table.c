/* batch_of_table.c - predicting for the rows of an upload, in a child, see batch.h. */
#include "workers/predict/batch.h"

#include "schemas/predict_task.h"
#include "workers/runtime/child.h"

#include <stdlib.h>
#include <unistd.h>

enum { SPARE_S = 30 }; /* it is killed that much after its time limit */

struct table_batch {
    struct batch *batch;
    struct predict_task task;
    char paths[JOB_FILES_MOST][BLOB_PATH_BYTES];
    char output[BLOB_PATH_BYTES];
    char scratch[BLOB_PATH_BYTES];
    bool reported;
};

static void on_event(void *context, const struct child_event *event)
{
    struct table_batch *table = context;

    if (event->kind != CHILD_REPORT)
        return;
    table->reported = true;
    table->batch->rows = json_integer_value(json_object_get(event->report, "rows"));
    table->batch->failed_rows = json_integer_value(json_object_get(event->report, "failed_rows"));
}

/* Finds the dataset's files here, and places for what is written. */
static bool prepare(struct table_batch *table, struct error *err)
{
    struct predict_task *task = &table->task;
    const struct predict_services *services = table->batch->services;

    task->job = table->batch->job;
    for (size_t at = 0; at < task->job.files_count; at++) {
        if (!blobs_path(services->blobs, task->job.files[at].digest, table->paths[at], err)) {
            if (err->code == ERROR_NOT_FOUND)
                error_set(err, ERROR_VALIDATION,
                          "the file %.100s of the dataset is gone: upload it again",
                          task->job.files[at].filename);
            return false;
        }
        task->paths[at] = table->paths[at];
    }
    task->artifact = table->batch->artifact;
    task->output = table->output;
    task->scratch = table->scratch;
    task->memory_mb = services->memory_mb;
    task->timeout_s = services->timeout_s;
    return blobs_temp(services->blobs, table->output, err) &&
           blobs_temp(services->blobs, table->scratch, err);
}

static bool run_child(struct table_batch *table, struct error *err)
{
    static const char *const ARGUMENTS[] = {"child", "predict", NULL};
    struct run *run = table->batch->run;
    char *input = predict_task_encode(&table->task, run_job(run)->message, err);
    bool ok;

    if (input == NULL)
        return false;
    ok = child_run(run,
                   &(struct child_task){.arguments = ARGUMENTS,
                                        .input = input,
                                        .timeout_s = table->task.timeout_s + SPARE_S,
                                        .on_event = on_event,
                                        .context = table},
                   err);
    free(input);
    if (ok && !table->reported)
        return error_set(err, ERROR_INTERNAL, "the batch ended without a report");
    return ok;
}

bool batch_of_table(struct batch *batch, struct error *err)
{
    struct table_batch *table = calloc(1, sizeof *table);
    size_t size = 0;
    bool ok;

    if (table == NULL)
        return error_no_memory(err);
    table->batch = batch;
    ok = prepare(table, err) && run_child(table, err) &&
         blobs_adopt(batch->services->blobs, table->output, batch->digest, &size, err);
    batch->size_bytes = (int64_t)size;
    if (!ok && *table->output != '\0')
        unlink(table->output); /* gone already when it was adopted */
    if (*table->scratch != '\0')
        unlink(table->scratch);
    free(table);
    return ok;
}
