/* predict_task.c - see predict_task.h. */
#include "schemas/predict_task.h"

#include "infra/base/buffer.h"
#include "schemas/fields.h"

#include <limits.h>
#include <string.h>

static void add_text(struct buffer *line, const char *text)
{
    buffer_add_json(line, text, strlen(text));
}

char *predict_task_encode(const struct predict_task *task, const char *message, struct error *err)
{
    struct buffer line = {0};

    buffer_printf(&line, "{\"memory_mb\":%d,\"timeout_s\":%d,\"artifact\":", task->memory_mb,
                  task->timeout_s);
    add_text(&line, task->artifact);
    buffer_add_text(&line, ",\"output\":");
    add_text(&line, task->output);
    buffer_add_text(&line, ",\"scratch\":");
    add_text(&line, task->scratch);
    buffer_add_text(&line, ",\"paths\":[");
    for (size_t at = 0; at < task->job.files_count; at++) {
        if (at > 0)
            buffer_add_char(&line, ',');
        add_text(&line, task->paths[at]);
    }
    buffer_add_text(&line, "],\"message\":"); /* as text: the child reads the very same bytes */
    add_text(&line, message);
    buffer_add_text(&line, "}\n");
    return buffer_take(&line, err);
}

static const char *read_fields(struct predict_task *task, struct error *err)
{
    struct fields fields = {.object = task->json};
    const char *message;
    const json_t *paths;
    bool ok;

    task->memory_mb = (int)fields_int(&fields, "memory_mb", REQUIRED, 1, INT_MAX, 1);
    task->timeout_s = (int)fields_int(&fields, "timeout_s", REQUIRED, 1, INT_MAX, 1);
    task->artifact = fields_text(&fields, "artifact", REQUIRED, PATH_MAX);
    task->output = fields_text(&fields, "output", REQUIRED, PATH_MAX);
    task->scratch = fields_text(&fields, "scratch", REQUIRED, PATH_MAX);
    message = fields_text(&fields, "message", REQUIRED, MESSAGE_BYTES_MOST);
    paths = fields_array(&fields, "paths", REQUIRED, BUILD_FILES_MOST);
    for (size_t at = 0; at < json_array_size(paths); at++) {
        task->paths[at] = json_string_value(json_array_get(paths, at));
        if (task->paths[at] == NULL)
            fields_problem(&fields, "paths", "wrong type: give strings");
    }
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok ? message : NULL;
}

bool predict_task_decode(const char *line, size_t length, struct predict_task *task,
                         struct error *err)
{
    const char *message = NULL;

    *task = (struct predict_task){0};
    task->json = json_parse(line, length, err);
    if (task->json != NULL)
        message = read_fields(task, err);
    if (message == NULL || !predict_job_decode(message, strlen(message), &task->job, err)) {
        predict_task_clear(task);
        return false;
    }
    for (size_t at = 0; at < task->job.files_count; at++)
        if (task->paths[at] == NULL) {
            predict_task_clear(task);
            return error_set(err, ERROR_INTERNAL, "a file of the job has no path");
        }
    return true;
}

void predict_task_clear(struct predict_task *task)
{
    predict_job_clear(&task->job);
    json_decref(task->json);
    *task = (struct predict_task){0};
}
