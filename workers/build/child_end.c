/* child_end.c - see child_end.h. */
#include "workers/build/child_end.h"

#include "infra/base/buffer.h"
#include "infra/base/thread.h"
#include "schemas/child_event.h"
#include "workers/build/limits.h"
#include "workers/runtime/child.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_ORPHAN = 3, ALARM_SPARE_S = 20 };

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

const struct build_watch child_end_watch = {
    .log = on_log, .progress = on_progress, .stopped = is_stopped};

/* Byte by byte: what follows the line is the watch's. */
char *child_end_task(struct error *err)
{
    struct buffer line = {0};
    char byte;

    signal(SIGTERM, on_term);
    signal(SIGPIPE, SIG_IGN);
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        buffer_add_char(&line, byte);
    if (line.length > 0)
        return buffer_take(&line, err);
    error_set(err, ERROR_INTERNAL, "a child got no task");
    return NULL;
}

bool child_end_guard(int memory_mb, int timeout_s, struct error *err)
{
    pthread_t watch;

    return limits_set(memory_mb, timeout_s + ALARM_SPARE_S, err) &&
           thread_start(&watch, watch_worker, NULL, err);
}

int child_end_tell(bool ok, const char *report, const struct error *err)
{
    if (ok)
        tell(&(struct child_event){.kind = CHILD_REPORT, .report_text = report});
    else
        tell(&(struct child_event){
            .kind = CHILD_ERROR, .code = error_name(err->code), .message = err->message});
    if (*err->detail != '\0')
        fprintf(stderr, "%s\n", err->detail);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
