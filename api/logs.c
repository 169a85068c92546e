/* logs.c - see logs.h. */
#include "api/logs.h"

#include "api/log_hub.h"
#include "api/log_text.h"
#include "api/query.h"
#include "api/services.h"
#include "infra/store/jobs.h"
#include "infra/store/log_lines.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MOST = 1000 };

static bool read_follow(const struct call *call, bool *follow, struct error *err)
{
    static const char *const WORDS[] = {"true", "false", "1", "0", NULL};
    const char *accept = call_header(call, "Accept");
    const char *word;

    if (!query_word_or_none(call, "follow", WORDS, &word, err))
        return false;
    if (word != NULL)
        *follow = *word == 't' || *word == '1';
    else
        *follow = accept != NULL && strstr(accept, "text/event-stream") != NULL;
    return true;
}

/* ERROR_NOT_FOUND unless the account has the job. */
static bool check_job(struct call *call, const char *job_id, struct error *err)
{
    struct pg *db = call_db(call, err);
    struct job job = {0};
    bool ok = db != NULL && jobs_find(db, call_account(call), job_id, &job, err);

    job_clear(&job);
    return ok;
}

/* Where the client stood when its stream broke off. */
static bool read_place(const struct call *call, int *run, int *seq, struct error *err)
{
    const char *last = call_header(call, "Last-Event-ID");

    *run = 0;
    *seq = -1;
    if (last == NULL)
        last = call_query(call, "last_event_id");
    return last == NULL || *last == '\0' || log_text_read_id(last, run, seq) ||
           error_set(err, ERROR_INVALID_REQUEST,
                     "Last-Event-ID must be the id of an event, such as 1.42");
}

static void finish(void *follower)
{
    log_follower_free(follower);
}

/* The least level that is wanted; "INFO", which is all, when none is named. */
static bool read_level(const struct call *call, const char **level, struct error *err)
{
    *level = call_query(call, "level");
    if (*level == NULL)
        *level = "INFO";
    return log_text_rank(*level) >= 0 ||
           error_set(err, ERROR_INVALID_REQUEST, "level must be INFO, WARNING or ERROR");
}

static bool stream(struct call *call, const char *job_id, struct error *err)
{
    struct log_follower *follower;
    const char *level;
    int run;
    int seq;

    if (job_id == NULL)
        return error_set(err, ERROR_INVALID_REQUEST, "job_id is missing: one job can be followed");
    if (!read_level(call, &level, err) || !read_place(call, &run, &seq, err) ||
        !check_job(call, job_id, err))
        return false;
    call_release_db(call);
    follower =
        log_hub_follow(call_services(call)->logs, job_id, run, seq, log_text_rank(level), err);
    if (follower == NULL)
        return false;
    call_reply_header(call, "Cache-Control", "no-cache");
    call_reply_header(call, "X-Accel-Buffering", "no"); /* a proxy shall not hold events back */
    call_reply_header(call, "Connection", "close");
    return call_reply_stream(call, "text/event-stream", log_follower_read, finish, follower, err);
}

static bool read_filter(const struct call *call, struct log_lines_filter *filter, struct error *err)
{
    int64_t limit;
    int64_t offset;

    filter->account = call_account(call);
    if (!read_level(call, &filter->level, err) ||
        !call_query_int(call, "limit", 1, LIMIT_MOST, LIMIT_DEFAULT, &limit, err) ||
        !call_query_int(call, "offset", 0, INT32_MAX, 0, &offset, err))
        return false;
    filter->limit = (int)limit;
    filter->offset = (int)offset;
    return true;
}

/* Lines as JSON; of one job its id stands before them where of_job says so. */
static void encode_page(struct buffer *text, const struct pg_rows *rows,
                        const struct log_lines_filter *filter, bool of_job, int64_t total)
{
    size_t count = pg_rows_count(rows);
    struct log_line line;

    buffer_add_char(text, '{');
    if (of_job) {
        buffer_add_text(text, "\"job_id\":");
        buffer_add_json(text, filter->job_id, strlen(filter->job_id));
        buffer_add_char(text, ',');
    }
    buffer_add_text(text, "\"logs\":[");
    for (size_t row = 0; row < count; row++) {
        if (row > 0)
            buffer_add_char(text, ',');
        log_line_read(rows, row, &line);
        log_text_add(text, &line);
    }
    buffer_printf(text,
                  "],\"pagination\":{\"total\":%lld,\"limit\":%d,\"offset\":%d,\"has_more\":%s}}",
                  (long long)total, filter->limit, filter->offset,
                  filter->offset + (int64_t)count < total ? "true" : "false");
}

static bool page(struct call *call, const char *job_id, bool of_job, struct error *err)
{
    struct log_lines_filter filter = {.job_id = job_id};
    struct buffer text = {0};
    struct pg_rows *rows;
    struct pg *db;
    int64_t total = 0;
    bool ok;

    if (!read_filter(call, &filter, err) || (job_id != NULL && !check_job(call, job_id, err)))
        return false;
    db = call_db(call, err);
    rows = db == NULL ? NULL : log_lines_list(db, &filter, &total, err);
    if (rows == NULL)
        return false;
    encode_page(&text, rows, &filter, of_job, total);
    ok = text.failed ? error_no_memory(err)
                     : call_reply_text(call, 200, "application/json", text.data, text.length, err);
    buffer_clear(&text);
    pg_rows_free(rows);
    return ok;
}

bool api_logs_list(struct call *call, struct error *err)
{
    const char *job_id = call_query(call, "job_id");
    bool follow;

    if (!read_follow(call, &follow, err))
        return false;
    return follow ? stream(call, job_id, err) : page(call, job_id, false, err);
}

bool api_logs_of_job(struct call *call, struct error *err)
{
    const char *job_id = call_path(call, "job_id");
    bool follow;

    if (!read_follow(call, &follow, err))
        return false;
    return follow ? stream(call, job_id, err) : page(call, job_id, true, err);
}
