/* predict_child.c - see predict_child.h. */
#include "workers/predict/predict_child.h"

#include "engine/batch/batch.h"
#include "schemas/predict_task.h"
#include "workers/build/child_end.h"
#include "workers/build/engine_module.h"

#include <stdlib.h>
#include <string.h>

static enum result_format format_of(const char *word)
{
    if (strcmp(word, "csv") == 0)
        return RESULT_CSV;
    return strcmp(word, "parquet") == 0 ? RESULT_PARQUET : RESULT_NDJSON;
}

static bool predict(const struct engine_module *module, const struct predict_task *task,
                    char **report, struct error *err)
{
    struct build_file files[JOB_FILES_MOST];
    struct batch_spec spec = {.artifact = task->artifact,
                              .has_output_schema = task->job.has_output_schema,
                              .files = files,
                              .files_count = task->job.files_count,
                              .rows = task->job.rows,
                              .format = format_of(task->job.format),
                              .output = task->output,
                              .scratch = task->scratch,
                              .memory_bytes = (size_t)task->memory_mb << 20};

    for (size_t at = 0; at < task->job.files_count; at++)
        files[at] =
            (struct build_file){.path = task->paths[at], .name = task->job.files[at].filename};
    return module->predict(&spec, &child_end_watch, report, err);
}

int predict_child_main(void)
{
    struct predict_task task = {0};
    struct error err = {0};
    const struct engine_module *module;
    char *line = child_end_task(&err);
    char *report = NULL;
    bool ok = line != NULL && predict_task_decode(line, strlen(line), &task, &err) &&
              child_end_guard(task.memory_mb, task.timeout_s, &err) &&
              (module = engine_module_open(&err)) != NULL && predict(module, &task, &report, &err);
    int code = child_end_tell(ok, report, &err);

    free(report);
    predict_task_clear(&task);
    free(line);
    return code;
}
