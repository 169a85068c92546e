/* build_child.c - building in a child, see build_child.h. */
#include "workers/build/build_child.h"

#include "infra/base/thread.h"
#include "schemas/build_task.h"
#include "schemas/child_event.h"
#include "workers/build/engine_module.h"
#include "workers/build/limits.h"
#include "workers/runtime/child.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_ORPHAN = 3, SCHEMA_MOST = 4096 };

/* Set by the signal handler, looked at by the engine: there is no other way to hand it on. */
static atomic_bool stop_asked;

static void on_term(int signal)
{
    (void)signal;
    atomic_store(&stop_asked, true);
}

static void tell(const struct child_event *event)
{
    struct buffer line = {0};
    size_t written = 0;

    child_event_encode(event, &line);
    while (!line.failed && written < line.length) {
        ssize_t got = write(CHILD_EVENTS_FD, line.data + written, line.length - written);

        if (got < 0 && errno != EINTR)
            break; /* the worker is gone: the watch ends this process */
        written += got < 0 ? 0 : (size_t)got;
    }
    buffer_clear(&line);
}

static void on_log(void *context, enum build_level level, const char *message)
{
    static const char *const LEVELS[] = {
        [BUILD_INFO] = "INFO", [BUILD_WARNING] = "WARNING", [BUILD_ERROR] = "ERROR"};

    (void)context;
    tell(&(struct child_event){.kind = CHILD_LOG, .level = LEVELS[level], .message = message});
}

static void on_progress(void *context, int percent, const char *stage)
{
    (void)context;
    tell(&(struct child_event){.kind = CHILD_PROGRESS, .percent = percent, .stage = stage});
}

static bool is_stopped(void *context)
{
    (void)context;
    return atomic_load(&stop_asked);
}

/* Ends the process when the worker that started it is gone. */
static void *watch_worker(void *context)
{
    char byte;
    ssize_t got;

    (void)context;
    do
        got = read(STDIN_FILENO, &byte, 1);
    while (got > 0 || (got < 0 && errno == EINTR));
    _exit(EXIT_ORPHAN);
}

/* One line of stdin, byte by byte: what follows is the watch's. */
static bool read_task(struct build_task *task, struct error *err)
{
    struct buffer line = {0};
    char byte;
    bool ok;

    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        buffer_add_char(&line, byte);
    ok = !line.failed && line.length > 0 && build_task_decode(line.data, line.length, task, err);
    if (!ok && err->code == ERROR_NONE)
        error_set(err, ERROR_INTERNAL, "a child got no task");
    buffer_clear(&line);
    return ok;
}

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
    struct build_file files[BUILD_FILES_MOST];
    struct build_watch watch = {.log = on_log, .progress = on_progress, .stopped = is_stopped};
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
    ok = module->build(&spec, &watch, task->artifact, report, err);
    free(fields);
    return ok;
}

int build_child_main(void)
{
    struct build_task task = {0};
    struct error err = {0};
    const struct engine_module *module;
    pthread_t watch;
    char *report = NULL;
    bool ok;

    signal(SIGTERM, on_term);
    signal(SIGPIPE, SIG_IGN);
    ok = read_task(&task, &err) && limits_set(task.memory_mb, task.timeout_s + 20, &err) &&
         thread_start(&watch, watch_worker, NULL, &err) &&
         (module = engine_module_open(&err)) != NULL && build(module, &task, &report, &err);
    if (ok)
        tell(&(struct child_event){.kind = CHILD_REPORT, .report_text = report});
    else
        tell(&(struct child_event){
            .kind = CHILD_ERROR, .code = error_name(err.code), .message = err.message});
    if (*err.detail != '\0')
        fprintf(stderr, "%s\n", err.detail);
    free(report);
    build_task_clear(&task);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
