/* run.c - see run.h. */
#include "workers/runtime/run.h"

#include "workers/runtime/joblog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGE_BYTES = 64,
    LINE_BYTES = 4096,
    LOGGED_STEP = 5 /* percent between two lines of a stage */
};

struct run {
    /* read-only after _new */
    struct run_job job;
    char *texts; /* what job points into */

    atomic_int stop;

    /* the handler's thread only */
    struct joblog_run *log;
    char *result;
    char *version;

    /* guarded by lock */
    pthread_mutex_t lock;
    int percent;
    int logged_percent;
    char stage[STAGE_BYTES];
    bool progressed;
};

/* Copies text behind what is in texts already. */
static const char *keep(char **at, const char *text)
{
    const char *kept = *at;

    *at = stpcpy(*at, text) + 1;
    return kept;
}

struct run *run_new(const struct run_job *job, struct joblog *log, struct error *err)
{
    struct run *run = calloc(1, sizeof *run);
    size_t size = strlen(job->id) + strlen(job->account) + strlen(job->model) +
                  strlen(job->message) + strlen(job->traceparent) + 5;
    char *at;

    if (run == NULL || (run->texts = malloc(size)) == NULL) {
        free(run);
        error_no_memory(err);
        return NULL;
    }
    pthread_mutex_init(&run->lock, NULL);
    run->job = *job;
    at = run->texts;
    run->job.id = keep(&at, job->id);
    run->job.account = keep(&at, job->account);
    run->job.model = keep(&at, job->model);
    run->job.message = keep(&at, job->message);
    run->job.traceparent = keep(&at, job->traceparent);
    run->log = joblog_open(log, &run->job, err);
    if (run->log == NULL) {
        run_free(run);
        return NULL;
    }
    return run;
}

void run_free(struct run *run)
{
    if (run == NULL)
        return;
    joblog_abandon(run->log);
    pthread_mutex_destroy(&run->lock);
    free(run->result);
    free(run->version);
    free(run->texts);
    free(run);
}

const struct run_job *run_job(const struct run *run)
{
    return &run->job;
}

void run_stop(struct run *run, enum run_stop reason)
{
    int before = RUN_GOES_ON;

    if (reason == RUN_LOST)
        atomic_store(&run->stop, reason);
    else
        atomic_compare_exchange_strong(&run->stop, &before, reason);
}

enum run_stop run_stop_reason(const struct run *run)
{
    return (enum run_stop)atomic_load(&run->stop);
}

void run_log(struct run *run, const char *level, const char *format, ...)
{
    char text[LINE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    joblog_write(run->log, level, text, -1, NULL);
}

/* Notes the progress; true when it is worth a line of the log. */
static bool note_progress_locked(struct run *run, int percent, const char *stage)
{
    bool staged = strncmp(stage, run->stage, STAGE_BYTES - 1) != 0;

    if (percent > run->percent)
        run->percent = percent;
    else if (!staged)
        return false;
    snprintf(run->stage, sizeof run->stage, "%s", stage);
    run->progressed = true;
    if (!staged && run->percent < run->logged_percent + LOGGED_STEP)
        return false;
    run->logged_percent = run->percent;
    return true;
}

void run_progress(struct run *run, int percent, const char *stage)
{
    char text[STAGE_BYTES + 16];
    bool logged;

    pthread_mutex_lock(&run->lock);
    logged = note_progress_locked(run, percent, stage);
    percent = run->percent;
    pthread_mutex_unlock(&run->lock);
    if (!logged)
        return;
    snprintf(text, sizeof text, "%.60s: %d %%", stage, percent);
    joblog_write(run->log, "INFO", text, percent, stage);
}

bool run_progress_take(struct run *run, int *percent, char *stage, size_t size)
{
    bool progressed;

    pthread_mutex_lock(&run->lock);
    progressed = run->progressed;
    run->progressed = false;
    *percent = run->percent;
    snprintf(stage, size, "%s", run->stage);
    pthread_mutex_unlock(&run->lock);
    return progressed;
}

void run_set_result_take(struct run *run, char *result)
{
    free(run->result);
    run->result = result;
}

void run_set_version_take(struct run *run, char *version)
{
    free(run->version);
    run->version = version;
}

const char *run_result(const struct run *run)
{
    return run->result;
}

const char *run_version(const struct run *run)
{
    return run->version;
}

static bool is_lost(void *context)
{
    return run_stop_reason(context) == RUN_LOST;
}

int run_log_close(struct run *run)
{
    int lines = joblog_close(run->log, is_lost, run);

    run->log = NULL;
    return lines;
}
