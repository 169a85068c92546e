/* inspect.c - see inspect.h. */
#include "api/inspect.h"

#include "infra/base/buffer.h"
#include "infra/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_BYTES_MOST = 16 << 20, END_LIMIT_MS = 2000 };

extern char **environ;

struct child {
    pid_t pid;
    int answer; /* its stdout, for reading */
    int life;   /* its stdin: ends when this process does, so that it need not go on */
};

static bool spawn(const char *program, const char *const *arguments, int in, int out, pid_t *pid,
                  struct error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int failure;

    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigaddset(&none, SIGPIPE); /* this process ignores it, the child should not */
    posix_spawnattr_setsigdefault(&attributes, &none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    failure = posix_spawn(pid, program, &actions, &attributes, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure == 0)
        return true;
    error_set(err, ERROR_UNAVAILABLE, "the file could not be read now; try again later");
    return error_detail(err, "%s: %s", program, strerror(failure));
}

static bool start(const char *program, const char *const *arguments, struct child *child,
                  struct error *err)
{
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    bool ok = false;

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
        error_set(err, ERROR_UNAVAILABLE, "the server is busy; try again later");
        error_detail(err, "pipe: %s", strerror(errno));
    } else {
        ok = spawn(program, arguments, in[0], out[1], &child->pid, err);
    }
    child->answer = out[0];
    child->life = in[1];
    if (in[0] >= 0)
        close(in[0]);
    if (out[1] >= 0)
        close(out[1]);
    if (!ok) {
        if (in[1] >= 0)
            close(in[1]);
        if (out[0] >= 0)
            close(out[0]);
    }
    return ok;
}

/* Reads until the child closes its end. False when it takes too long or says too much. */
static bool read_answer(int file, int64_t deadline_ms, struct buffer *answer)
{
    char chunk[16384];

    for (;;) {
        struct pollfd fd = {.fd = file, .events = POLLIN};
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        ssize_t got;

        if (left_ms <= 0 || answer->length > ANSWER_BYTES_MOST)
            return false;
        if (poll(&fd, 1, (int)left_ms) <= 0)
            continue;
        got = read(file, chunk, sizeof chunk);
        if (got == 0)
            return true;
        if (got > 0)
            buffer_add(answer, chunk, (size_t)got);
        else if (errno != EINTR)
            return false;
    }
}

/* Lets the child end; its exit status as of waitpid(). What does not end by itself is killed. */
static int reap(struct child *child, bool kill_it)
{
    int64_t patience_ms = clock_monotonic_ms() + END_LIMIT_MS;
    int status = 0;

    close(child->answer);
    close(child->life);
    while (!kill_it && waitpid(child->pid, &status, WNOHANG) == 0) {
        kill_it = clock_monotonic_ms() > patience_ms;
        poll(NULL, 0, 2);
    }
    if (!kill_it)
        return status;
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static bool said_why(const json_t *answer, struct error *err)
{
    const json_t *error = json_object_get(answer, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));

    if (code == NULL || message == NULL)
        return false;
    error_set(err, error_from_name(code), "%.250s", message);
    if (err->code == ERROR_TOO_LARGE) /* the table is, the request is not */
        err->code = ERROR_VALIDATION;
    return true;
}

/* What the child's end and words mean; the answer, or NULL. wanted: what an answer has. */
static json_t *judge(int status, const struct buffer *text, const char *wanted, struct error *err)
{
    json_t *answer =
        text->length == 0 ? NULL : json_loadb(text->data, text->length, JSON_ALLOW_NUL, NULL);

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
        json_is_array(json_object_get(answer, wanted)))
        return answer;
    if (!said_why(answer, err)) {
        error_set(err, ERROR_VALIDATION,
                  "the file cannot be read as a table: reading it failed without a reason");
        error_detail(err, "inspect ended with wait status %d", status);
    }
    json_decref(answer);
    return NULL;
}

/* Runs the child with arguments that end with NULL. */
static json_t *run(const char *program, const char *const *arguments, int limit_ms,
                   const char *wanted, struct error *err)
{
    struct buffer text = {0};
    struct child child;
    json_t *answer = NULL;
    bool whole;
    int status;

    if (!start(program, arguments, &child, err))
        return NULL;
    whole = read_answer(child.answer, clock_monotonic_ms() + limit_ms, &text);
    status = reap(&child, !whole);
    if (!whole)
        error_set(err, ERROR_VALIDATION,
                  "reading the file took longer than %d s: split it into several files",
                  limit_ms / 1000);
    else if (text.failed)
        error_no_memory(err);
    else
        answer = judge(status, &text, wanted, err);
    buffer_clear(&text);
    return answer;
}

json_t *inspect_file_within(const char *worker_program, const char *filename, const char *path,
                            int limit_ms, struct error *err)
{
    const char *const arguments[] = {worker_program, "inspect", "--name", filename, path, NULL};

    return run(worker_program, arguments, limit_ms, "columns", err);
}

/* A large file may take longer. */
static int limit_of(const char *path)
{
    struct stat facts;
    int64_t size_mb = stat(path, &facts) == 0 ? facts.st_size >> 20 : 0;

    return (int)(INSPECT_LIMIT_S + size_mb / INSPECT_MB_PER_S) * 1000;
}

json_t *inspect_file(const char *worker_program, const char *filename, const char *path,
                     struct error *err)
{
    return inspect_file_within(worker_program, filename, path, limit_of(path), err);
}

json_t *inspect_archive(const char *worker_program, const char *filename, const char *path,
                        const char *into, int most_mb, struct error *err)
{
    char most[16];
    const char *const arguments[] = {worker_program, "inspect", "--unpack", into, "--most-mb",
                                     most,           "--name",  filename,   path, NULL};

    snprintf(most, sizeof most, "%d", most_mb);
    return run(worker_program, arguments, (INSPECT_LIMIT_S + most_mb / INSPECT_MB_PER_S) * 1000,
               "columns", err);
}

json_t *inspect_rows(const char *worker_program, const char *filename, const char *path, int offset,
                     int limit, struct error *err)
{
    char first[16];
    char most[16];
    const char *const arguments[] = {worker_program, "inspect", "--offset", first, "--limit",
                                     most,           "--name",  filename,   path,  NULL};

    snprintf(first, sizeof first, "%d", offset);
    snprintf(most, sizeof most, "%d", limit);
    return run(worker_program, arguments, limit_of(path), "data", err);
}
