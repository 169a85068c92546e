/* log_group.c - see log_group.h. */
#include "api/log_group.h"

#include "api/log_text.h"
#include "infra/store/log_lines.h"

#include <stdlib.h>
#include <string.h>

enum {
    LINES_MOST = 100, /* of one group at a time */
    TEXT_BYTES = 64 * 1024,
    GAP_S = 10,       /* how long a missing line of a run that is over is waited for */
    TAIL_S = 2,       /* how long more lines of a run are waited for whose number nobody knows */
    HANDOVER_MS = 500 /* how long the lines of a run wait for late ones of the run before */
};

bool log_group_init(struct log_group *group, const char *job_id, int run, int seq, int rank)
{
    *group = (struct log_group){.job_id = strdup(job_id),
                                .run = run,
                                .seq = seq,
                                .rank = rank,
                                .next_run = run,
                                .next_seq = seq};
    return group->job_id != NULL;
}

void log_group_clear(struct log_group *group)
{
    buffer_clear(&group->text);
    free(group->job_id);
    *group = (struct log_group){0};
}

/* Whether a line that does not follow on the last one may be sent all the same. */
static bool may_skip(const struct followed_job *job, const struct log_line *line, double age_s)
{
    if (job->status == NULL || job->ended_ago_s > GAP_S)
        return true;
    return job->ended_ago_s < 0 && line->run < job->run && age_s > GAP_S;
}

static bool is_next(const struct log_group *group, const struct followed_job *job,
                    const struct log_line *line, double age_s)
{
    if (line->run == group->next_run && line->seq == group->next_seq + 1)
        return true;
    if (line->run > group->next_run && line->seq == 0)
        return group->next_run == 0 || age_s * 1000 > HANDOVER_MS;
    return may_skip(job, line, age_s);
}

/* Whether a job has ended and all its lines have been sent. */
static bool is_over(const struct log_group *group, const struct followed_job *job)
{
    if (job->status == NULL)
        return true;
    if (job->ended_ago_s < 0)
        return false;
    if (job->run == 0 || job->log_lines == 0 || group->next_run > job->run)
        return true;
    if (job->log_lines < 0)
        return job->ended_ago_s > TAIL_S;
    return (group->next_run == job->run && group->next_seq + 1 >= job->log_lines) ||
           job->ended_ago_s > GAP_S;
}

static void add_end(struct log_group *group, const struct followed_job *job)
{
    buffer_add_text(&group->text, "event: end\ndata: {\"job_id\":");
    buffer_add_json(&group->text, group->job_id, strlen(group->job_id));
    buffer_printf(&group->text, ",\"status\":\"%s\"}\n\n",
                  job->status == NULL ? "DELETED" : job->status);
    group->ended = true;
}

/* Reads the group's rows, from row on; returns the first row of the next group. */
static size_t fill_group(struct log_group *group, const struct pg_rows *rows, size_t row,
                         size_t index)
{
    size_t lines = 0;
    bool blocked = false;
    struct followed_job job;
    struct log_line line;
    double age_s = 0;

    followed_job_read(rows, row, &job);
    for (; row < pg_rows_count(rows) && followed_cursor(rows, row) == index; row++) {
        if (!followed_line_read(rows, row, &line, &age_s))
            continue;
        lines++;
        blocked = blocked || group->text.length > TEXT_BYTES || !is_next(group, &job, &line, age_s);
        if (blocked)
            continue;
        if (log_text_rank(line.level) >= group->rank)
            log_text_add_event(&group->text, &line);
        group->next_run = line.run;
        group->next_seq = line.seq;
    }
    group->full = !blocked ? lines == LINES_MOST : group->text.length > TEXT_BYTES;
    if (!blocked && !group->full && is_over(group, &job))
        add_end(group, &job);
    return row;
}

bool log_groups_fill(struct log_group *groups, size_t count, struct pg *db, struct error *err)
{
    struct log_cursor cursors[LOG_GROUPS_MOST] = {0};
    struct pg_rows *rows;
    size_t row = 0;

    for (size_t at = 0; at < count; at++)
        cursors[at] = (struct log_cursor){groups[at].job_id, groups[at].run, groups[at].seq};
    rows = log_lines_follow(db, cursors, count, LINES_MOST, err);
    if (rows == NULL)
        return false;
    for (size_t at = 0; at < count && row < pg_rows_count(rows); at++)
        row = fill_group(&groups[at], rows, row, at);
    pg_rows_free(rows);
    return true;
}
