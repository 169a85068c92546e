/* wait.c - waits for the end of a job. */
#include "api/cli/cli.h"
#include "api/cli/follow.h"
#include "api/cli/progress.h"
#include "infra/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 300, LONG_POLL_S = 20, PATIENCE_MS = 120000 };

static bool has_ended(const char *status)
{
    return strcmp(status, "COMPLETED") == 0 || strcmp(status, "FAILED") == 0 ||
           strcmp(status, "CANCELLED") == 0;
}

static void pause_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

static json_t *ask(struct cli *cli, const char *job_id, int64_t wait_s, struct error *err)
{
    struct buffer path = {0};
    json_t *job;

    client_path_add(&path, "/jobs/", job_id);
    if (wait_s > 0)
        buffer_printf(&path, "?wait=%llds", (long long)wait_s);
    return cli_call_take(cli, "GET", &path, NULL, &job, err) ? job : NULL;
}

/* What a job does just now, in words. */
static void show(struct progress *progress, const json_t *job, const char *status)
{
    const char *stage = json_string_value(table_find(job, "progress_details.current_stage"));
    int percent = (int)json_integer_value(json_object_get(job, "progress"));
    int64_t position = json_integer_value(json_object_get(job, "position"));
    char text[64];

    if (strcmp(status, "PENDING") == 0 && position > 1)
        snprintf(text, sizeof text, "waits, place %lld", (long long)position);
    else
        snprintf(text, sizeof text, "%.60s",
                 strcmp(status, "PENDING") == 0 ? "waits" : (stage == NULL ? "" : stage));
    progress_show(progress, percent, text);
}

/* Asks until the job ended; at a terminal often, for the bar, else by long polls. */
static json_t *poll_job(struct cli *cli, const char *job_id, int64_t deadline_ms, struct error *err)
{
    int64_t patience_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct progress progress;
    json_t *job = NULL;

    progress_init(&progress, stderr, cli->terminal, "");
    for (;;) {
        int64_t began_ms = clock_monotonic_ms();
        int64_t left_s = (deadline_ms - began_ms) / 1000;
        const char *status;

        job = ask(cli, job_id,
                  cli->terminal || left_s <= 0 ? 0 : (left_s < LONG_POLL_S ? left_s : LONG_POLL_S),
                  err);
        if (job == NULL && (err->code != ERROR_UNAVAILABLE || began_ms > patience_ms))
            break;
        if (job != NULL) {
            patience_ms = clock_monotonic_ms() + PATIENCE_MS;
            status = json_string_value(json_object_get(job, "status"));
            if (status == NULL || has_ended(status))
                break;
            show(&progress, job, status);
        }
        json_decref(job);
        job = NULL;
        if (clock_monotonic_ms() >= deadline_ms) {
            error_set(err, ERROR_TIMED_OUT, "the job %.40s has not ended yet; it goes on", job_id);
            break;
        }
        if (clock_monotonic_ms() < began_ms + POLL_MS)
            pause_ms(began_ms + POLL_MS - clock_monotonic_ms());
    }
    progress_clear(&progress);
    return job;
}

json_t *cli_wait(struct cli *cli, const char *job_id, bool with_log, int64_t timeout_s,
                 struct error *err)
{
    int64_t deadline_ms = timeout_s > 0 ? clock_monotonic_ms() + timeout_s * 1000 : INT64_MAX;
    json_t *job;
    const char *status;
    const char *why;

    if (with_log && !follow_job(cli, job_id, err))
        return NULL;
    job = poll_job(cli, job_id, deadline_ms, err);
    if (job == NULL)
        return NULL;
    status = json_string_value(json_object_get(job, "status"));
    if (status != NULL && strcmp(status, "COMPLETED") == 0)
        return job;
    why = json_string_value(table_find(job, "error.message"));
    error_set(err, ERROR_CRASHED, "the job %.40s is %s%s%.150s", job_id,
              status == NULL ? "not known" : status, why == NULL ? "" : ": ",
              why == NULL ? "" : why);
    json_decref(job);
    return NULL;
}
