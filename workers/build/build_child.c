/* build_child.c - building in a child, see build_child.h. */
#include "workers/build/build_child.h"

#include "schemas/build_task.h"
#include "workers/build/child_end.h"
#include "workers/build/engine_module.h"

#include <stdlib.h>
#include <string.h>

enum { SCHEMA_MOST = 4096 };

static size_t copy_schema(const json_t *schema, struct schema_field *fields)
{
    size_t count = 0;
    const char *name;
    json_t *type;

    json_object_foreach((json_t *)schema, name, type)
    {
        if (count < SCHEMA_MOST && json_is_string(type))
            fields[count++] = (struct schema_field){name, json_string_value(type)};
    }
    return count;
}

static bool build(const struct engine_module *module, const struct build_task *task, char **report,
                  struct error *err)
{
    struct schema_field *fields = calloc(3 * SCHEMA_MOST, sizeof *fields);
    struct build_file files[JOB_FILES_MOST];
    struct build_spec spec = {.files = files,
                              .files_count = task->job.files_count,
                              .intent = task->job.intent,
                              .target = task->job.target,
                              .metric = task->job.metric,
                              .seed = (uint64_t)task->job.seed,
                              .max_iterations = task->job.max_iterations,
                              .timeout_s = task->job.timeout_s,
                              .memory_bytes = (size_t)task->memory_mb << 20};
    struct build_base base = {.version = task->job.base.version,
                              .intent = task->job.base.intent,
                              .target = task->job.base.target,
                              .task = task->job.base.task};
    bool ok;

    if (fields == NULL)
        return error_no_memory(err);
    for (size_t at = 0; at < task->job.files_count; at++)
        files[at] =
            (struct build_file){.path = task->paths[at], .name = task->job.files[at].filename};
    spec.input = fields;
    spec.input_count = copy_schema(task->job.input_schema, fields);
    spec.output = fields + SCHEMA_MOST;
    spec.output_count = copy_schema(task->job.output_schema, fields + SCHEMA_MOST);
    base.input = fields + 2 * SCHEMA_MOST;
    base.input_count = copy_schema(task->job.base.input_schema, fields + 2 * SCHEMA_MOST);
    spec.base = base.version > 0 ? &base : NULL;
    ok = module->build(&spec, &child_end_watch, task->artifact, report, err);
    free(fields);
    return ok;
}

int build_child_main(void)
{
    struct build_task task = {0};
    struct error err = {0};
    const struct engine_module *module;
    char *line = child_end_task(&err);
    char *report = NULL;
    bool ok = line != NULL && build_task_decode(line, strlen(line), &task, &err) &&
              child_end_guard(task.memory_mb, task.timeout_s, &err) &&
              (module = engine_module_open(&err)) != NULL && build(module, &task, &report, &err);
    int code = child_end_tell(ok, report, &err);

    free(report);
    build_task_clear(&task);
    free(line);
    return code;
}
