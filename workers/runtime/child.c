/* child.c - see child.h. */
#include "workers/runtime/child.h"

#include "infra/base/buffer.h"
#include "infra/base/clock.h"
#include "infra/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    TICK_MS = 100,
    DEAF_MS = 10000,     /* from SIGTERM to SIGKILL */
    LINE_MOST = 4 << 20, /* an event longer than that is none */
    STDERR_KEPT = 4096,
    ARGUMENTS_MOST = 16,
};

struct child {
    struct run *run;
    const struct child_task *task;
    pid_t pid;
    int input; /* closing it ends the child */
    int events;
    int errors;
    struct buffer line;       /* of events, not yet whole */
    struct buffer stderr_end; /* the last STDERR_KEPT bytes */
    int64_t deadline_ms;
    int64_t term_ms; /* when SIGTERM was sent; 0: not */
    bool timed_out;
    bool told; /* it told how it ended */
    struct error told_error;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Three pipes: the child's ends in inner, ours in outer. */
static bool open_pipes(int inner[static 3], int outer[static 3])
{
    for (int at = 0; at < 3; at++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) != 0)
            return false;
        inner[at] = ends[at == 0 ? 0 : 1];
        outer[at] = ends[at == 0 ? 1 : 0];
    }
    fcntl(outer[0], F_SETPIPE_SZ, 1 << 20); /* the input fits in whole */
    return true;
}

static int spawn(struct child *child, const int inner[static 3])
{
    char *arguments[ARGUMENTS_MOST] = {(char *)"trainyard-worker"};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    int failure;

    for (int at = 0; child->task->arguments[at] != NULL && at + 2 < ARGUMENTS_MOST; at++)
        arguments[at + 1] = (char *)child->task->arguments[at];
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    /* a group of its own: Ctrl-C at a terminal is the worker's to handle */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, inner[2], STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, inner[2], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, inner[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, inner[1], CHILD_EVENTS_FD);
    failure = posix_spawn(&child->pid, "/proc/self/exe", &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

/* dup2 onto the same number would keep close-on-exec: our pipes must lie above the child's. */
static bool lift(int fds[static 3])
{
    for (int at = 0; at < 3; at++) {
        int lifted = fcntl(fds[at], F_DUPFD_CLOEXEC, 10);

        if (lifted < 0)
            return false;
        close(fds[at]);
        fds[at] = lifted;
    }
    return true;
}

static bool write_input(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t written = write(fd, text, left);

        if (written < 0 && errno != EINTR)
            return false;
        text += written < 0 ? 0 : written;
        left -= written < 0 ? 0 : (size_t)written;
    }
    return true;
}

static bool start(struct child *child, struct error *err)
{
    int inner[3] = {-1, -1, -1};
    int outer[3] = {-1, -1, -1};
    int failure = open_pipes(inner, outer) && lift(inner) ? spawn(child, inner) : errno;

    for (int at = 0; at < 3; at++)
        close_fd(&inner[at]);
    child->input = outer[0];
    child->events = outer[1];
    child->errors = outer[2];
    if (failure != 0) {
        error_set(err, ERROR_NO_MEMORY, "could not start a process for the job");
        return error_detail(err, "spawn: %s", strerror(failure));
    }
    /* A child that dies before it reads tells so by its end; SIGPIPE is ignored by main. */
    if (!write_input(child->input, child->task->input))
        log_warning("a child did not read its input", log_str("job", run_job(child->run)->id));
    return true;
}

static void take_event(struct child *child, const char *line, size_t length)
{
    struct child_event event;
    struct error err = {0};

    if (!child_event_decode(line, length, &event, &err)) {
        log_failure("a child wrote what is no event", &err,
                    log_str("job", run_job(child->run)->id));
        return;
    }
    if (event.kind == CHILD_LOG)
        run_log(child->run, event.level, "%s", event.message);
    else if (event.kind == CHILD_PROGRESS)
        run_progress(child->run, event.percent, event.stage);
    else
        child->told = true;
    if (event.kind == CHILD_ERROR)
        error_set(&child->told_error, error_from_name(event.code), "%s", event.message);
    else
        child->task->on_event(child->task->context, &event);
    child_event_clear(&event);
}

/* Reads what is there; false at the end of the pipe. */
static bool read_events(struct child *child)
{
    char chunk[65536];
    ssize_t got = read(child->events, chunk, sizeof chunk);
    char *end;

    if (got <= 0)
        return got < 0 && errno == EINTR;
    buffer_add(&child->line, chunk, (size_t)got);
    while (child->line.length > 0 &&
           (end = memchr(child->line.data, '\n', child->line.length)) != NULL) {
        take_event(child, child->line.data, (size_t)(end - child->line.data));
        buffer_drop(&child->line, (size_t)(end - child->line.data) + 1);
    }
    if (child->line.length > LINE_MOST || child->line.failed)
        buffer_reset(&child->line);
    return true;
}

static bool read_errors(struct child *child)
{
    char chunk[STDERR_KEPT];
    ssize_t got = read(child->errors, chunk, sizeof chunk);

    if (got <= 0)
        return got < 0 && errno == EINTR;
    buffer_add(&child->stderr_end, chunk, (size_t)got);
    if (child->stderr_end.length > STDERR_KEPT)
        buffer_drop(&child->stderr_end, child->stderr_end.length - STDERR_KEPT);
    return true;
}

/* Ends a child that should stop, or that ran too long. */
static void mind_limits(struct child *child)
{
    enum run_stop reason = run_stop_reason(child->run);
    int64_t now = clock_monotonic_ms();

    if (now >= child->deadline_ms && !child->timed_out) {
        child->timed_out = true;
        kill(child->pid, SIGKILL);
    } else if (reason == RUN_LOST || (child->term_ms != 0 && now - child->term_ms >= DEAF_MS)) {
        kill(child->pid, SIGKILL);
    } else if (reason != RUN_GOES_ON && child->term_ms == 0) {
        child->term_ms = now;
        kill(child->pid, SIGTERM);
    }
}

/* Listens until the child has ended and its pipes are empty; returns its status and peak memory. */
static int listen_to(struct child *child, struct rusage *usage)
{
    bool ended = false;
    int status = 0;

    while (!ended || child->events >= 0 || child->errors >= 0) {
        struct pollfd fds[] = {{.fd = child->events, .events = POLLIN},
                               {.fd = child->errors, .events = POLLIN}};
        bool open = child->events >= 0 || child->errors >= 0;

        poll(fds, 2, open ? TICK_MS : 2);
        if (fds[0].revents != 0 && !read_events(child))
            close_fd(&child->events);
        if (fds[1].revents != 0 && !read_errors(child))
            close_fd(&child->errors);
        if (!ended && wait4(child->pid, &status, WNOHANG, usage) == child->pid)
            ended = true;
        if (!ended)
            mind_limits(child);
        else if (fds[0].revents == 0 && fds[1].revents == 0)
            break; /* somebody else holds the pipes open: the child is gone all the same */
    }
    return status;
}

/* Puts the last lines that a crashed child wrote on stderr into the job's log. */
static void log_last_lines(struct child *child)
{
    char *rest = child->stderr_end.data;
    char *line;

    while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
        if (*line != '\0')
            run_log(child->run, "WARNING", "stderr: %s", line);
}

static bool judge(struct child *child, int status, const struct rusage *usage, struct error *err)
{
    const char *how = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "no answer";

    if (child->timed_out || (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM))
        return error_set(err, ERROR_TIMED_OUT,
                         "it took longer than %d s: give it less data or more time (timeout)",
                         child->task->timeout_s);
    if (child->told && child->told_error.code == ERROR_NONE)
        return true;
    if (run_stop_reason(child->run) != RUN_GOES_ON)
        return error_set(err, ERROR_CANCELLED, "stopped");
    if (child->told) {
        *err = child->told_error;
        return false;
    }
    log_last_lines(child);
    return error_set(err, ERROR_CRASHED,
                     "the process that ran the job crashed (%s, peak memory %ld MB)", how,
                     usage->ru_maxrss / 1024);
}

bool child_run(struct run *run, const struct child_task *task, struct error *err)
{
    struct child child = {.run = run, .task = task, .input = -1, .events = -1, .errors = -1};
    struct rusage usage = {0};
    bool ok;

    child.deadline_ms = clock_monotonic_ms() + (int64_t)task->timeout_s * 1000;
    ok = start(&child, err) && judge(&child, listen_to(&child, &usage), &usage, err);
    close_fd(&child.input);
    close_fd(&child.events);
    close_fd(&child.errors);
    buffer_clear(&child.line);
    buffer_clear(&child.stderr_end);
    return ok;
}
