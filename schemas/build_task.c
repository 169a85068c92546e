/* build_task.c - see build_task.h. */
#include "schemas/build_task.h"

#include "schemas/fields.h"

#include <limits.h>
#include <string.h>

static void add_text(struct buffer *line, const char *text)
{
    buffer_add_json(line, text, strlen(text));
}

char *build_task_encode(const struct build_task *task, const char *message, struct error *err)
{
    struct buffer line = {0};

    buffer_printf(&line, "{\"memory_mb\":%d,\"timeout_s\":%d,\"artifact\":", task->memory_mb,
                  task->timeout_s);
    add_text(&line, task->artifact);
    task_add_end(&line, task->paths, task->job.files_count, message);
    return buffer_take(&line, err);
}

static const char *read_fields(struct build_task *task, struct error *err)
{
    struct fields fields = {.object = task->json};
    const char *message;
    bool ok;

    task->memory_mb = (int)fields_int(&fields, "memory_mb", REQUIRED, 1, INT_MAX, 1);
    task->timeout_s = (int)fields_int(&fields, "timeout_s", REQUIRED, 1, INT_MAX, 1);
    task->artifact = fields_text(&fields, "artifact", REQUIRED, PATH_MAX);
    task_read_end(&fields, task->paths, &message);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok ? message : NULL;
}

bool build_task_decode(const char *line, size_t length, struct build_task *task, struct error *err)
{
    const char *message = NULL;

    *task = (struct build_task){0};
    task->json = json_parse(line, length, err);
    if (task->json != NULL)
        message = read_fields(task, err);
    if (message != NULL && build_job_decode(message, strlen(message), &task->job, err) &&
        task_has_paths(task->paths, task->job.files_count, err))
        return true;
    build_task_clear(task);
    return false;
}

void build_task_clear(struct build_task *task)
{
    build_job_clear(&task->job);
    json_decref(task->json);
    *task = (struct build_task){0};
}
