/* log_lines.c - see log_lines.h. */
#include "infra/store/log_lines.h"

#include <stdlib.h>

enum { INSERT, LIST, LIST_OF_JOB, COUNT_ALL, FOLLOW };

#define LINE_COLUMNS                                                                               \
    "select job_id, run, seq, model, iso(at), level, message, coalesce(progress, -1), stage"       \
    "  from log_lines "

/* $3 is the least level */
#define LINE_FILTER                                                                                \
    "where account = $1 and ($2::text is null or job_id = $2)"                                     \
    "  and ($3::text is null or $3 = 'INFO' or level = $3"                                         \
    "       or ($3 = 'WARNING' and level = 'ERROR')) "

static const char *const SQL[] = {
    /* one array a column: much cheaper for the database to read than JSON or many parameters */
    [INSERT] = "insert into log_lines (job_id, run, seq, account, model, at, level, message,"
               "                       progress, stage) "
               "select l.job_id, l.run, l.seq, l.account, l.model,"
               "       timestamptz 'epoch' + l.at_ms * interval '1 ms', l.level, l.message,"
               "       l.progress, l.stage"
               "  from unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[],"
               "              $6::bigint[], $7::text[], $8::text[], $9::smallint[], $10::text[])"
               "       as l(job_id, run, seq, account, model, at_ms, level, message, progress,"
               "            stage)"
               "    on conflict do nothing",
    [LIST] = LINE_COLUMNS LINE_FILTER "order by at, job_id, run, seq limit $4::int offset $5::int",
    /* workers' clocks may differ: within a job the numbers tell the order */
    [LIST_OF_JOB] = LINE_COLUMNS LINE_FILTER "order by run, seq limit $4::int offset $5::int",
    [COUNT_ALL] = "select count(*) from log_lines " LINE_FILTER,
    [FOLLOW] = "select c.job_id, l.run, l.seq, l.model, iso(l.at), l.level, l.message,"
               "       coalesce(l.progress, -1), l.stage,"
               "       extract(epoch from clock_timestamp() - l.at), c.n, j.status, j.run,"
               "       coalesce(j.log_lines, -1),"
               "       coalesce(extract(epoch from clock_timestamp() - j.completed_at), -1)"
               "  from unnest($1::text[], $2::int[], $3::int[]) with ordinality"
               "       as c(job_id, run, seq, n)"
               "  left join jobs j on j.id = c.job_id"
               "  left join lateral ("
               "    select * from log_lines x"
               "     where x.job_id = c.job_id and (x.run, x.seq) > (c.run, c.seq)"
               "     order by x.run, x.seq limit $4::int) l on true"
               " order by c.n, l.run, l.seq",
};
const struct pg_sql log_lines_sql = PG_SQL(SQL);

enum { JOB_ID, RUN, SEQ, ACCOUNT, MODEL, AT, LEVEL, MESSAGE, PROGRESS, STAGE, COLUMNS };

static void add_quoted(struct buffer *array, const char *text)
{
    buffer_add_char(array, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            buffer_add_char(array, '\\');
        buffer_add_char(array, *c);
    }
    buffer_add_char(array, '"');
}

static void add_number(struct buffer *array, int64_t number)
{
    buffer_add_text(array, pg_number(number).text);
}

static void add_line(struct buffer arrays[COLUMNS], const struct log_record *record)
{
    for (int column = 0; column < COLUMNS; column++)
        buffer_add_char(&arrays[column], arrays[column].length == 0 ? '{' : ',');
    add_quoted(&arrays[JOB_ID], record->job_id);
    add_number(&arrays[RUN], record->run);
    add_number(&arrays[SEQ], record->seq);
    add_quoted(&arrays[ACCOUNT], record->account);
    add_quoted(&arrays[MODEL], record->model);
    add_number(&arrays[AT], record->at_ms);
    add_quoted(&arrays[LEVEL], record->level);
    add_quoted(&arrays[MESSAGE], record->message);
    if (record->progress >= 0)
        add_number(&arrays[PROGRESS], record->progress);
    else
        buffer_add_text(&arrays[PROGRESS], "null");
    if (record->stage != NULL)
        add_quoted(&arrays[STAGE], record->stage);
    else
        buffer_add_text(&arrays[STAGE], "null");
}

bool log_lines_insert(struct pg *db, const struct log_record *records, size_t count,
                      struct error *err)
{
    struct buffer arrays[COLUMNS] = {0};
    const char *texts[COLUMNS];
    bool ok = true;

    if (count == 0)
        return true;
    for (size_t at = 0; at < count; at++)
        add_line(arrays, &records[at]);
    for (int column = 0; column < COLUMNS; column++) {
        buffer_add_char(&arrays[column], '}');
        texts[column] = arrays[column].data;
        ok = ok && !arrays[column].failed;
    }
    ok = ok ? pg_exec(db, SQL[INSERT], (struct pg_values){texts, COLUMNS}, err)
            : error_no_memory(err);
    for (int column = 0; column < COLUMNS; column++)
        buffer_clear(&arrays[column]);
    return ok;
}

struct pg_rows *log_lines_list(struct pg *db, const struct log_lines_filter *filter, int64_t *total,
                               struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[COUNT_ALL],
                                    PG_VALUES(filter->account, filter->job_id, filter->level), err);

    if (rows == NULL)
        return NULL;
    *total = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    return pg_query(db, SQL[filter->job_id == NULL ? LIST : LIST_OF_JOB],
                    PG_VALUES(filter->account, filter->job_id, filter->level,
                              pg_number(filter->limit).text, pg_number(filter->offset).text),
                    err);
}

void log_line_read(const struct pg_rows *rows, size_t row, struct log_line *line)
{
    int at = 0;

    line->job_id = pg_text_or_empty(rows, row, at++);
    line->run = (int)pg_int(rows, row, at++);
    line->seq = (int)pg_int(rows, row, at++);
    line->model = pg_text_or_empty(rows, row, at++);
    line->at = pg_text_or_empty(rows, row, at++);
    line->level = pg_text_or_empty(rows, row, at++);
    line->message = pg_text_or_empty(rows, row, at++);
    line->progress = (int)pg_int(rows, row, at++);
    line->stage = pg_text(rows, row, at);
}

struct pg_rows *log_lines_follow(struct pg *db, const struct log_cursor *cursors, size_t count,
                                 int most, struct error *err)
{
    struct buffer jobs = {0};
    struct buffer runs = {0};
    struct buffer seqs = {0};
    struct pg_rows *rows = NULL;

    for (size_t at = 0; at < count; at++) {
        buffer_add_char(&jobs, at == 0 ? '{' : ',');
        buffer_add_char(&runs, at == 0 ? '{' : ',');
        buffer_add_char(&seqs, at == 0 ? '{' : ',');
        add_quoted(&jobs, cursors[at].job_id);
        add_number(&runs, cursors[at].run);
        add_number(&seqs, cursors[at].seq);
    }
    buffer_add_char(&jobs, '}');
    buffer_add_char(&runs, '}');
    buffer_add_char(&seqs, '}');
    if (jobs.failed || runs.failed || seqs.failed)
        error_no_memory(err);
    else
        rows = pg_query(db, SQL[FOLLOW],
                        PG_VALUES(jobs.data, runs.data, seqs.data, pg_number(most).text), err);
    buffer_clear(&jobs);
    buffer_clear(&runs);
    buffer_clear(&seqs);
    return rows;
}

enum { LINE_AGE = 9, CURSOR, JOB_STATUS, JOB_RUN, JOB_LINES, JOB_ENDED };

size_t followed_cursor(const struct pg_rows *rows, size_t row)
{
    return (size_t)pg_int(rows, row, CURSOR) - 1;
}

void followed_job_read(const struct pg_rows *rows, size_t row, struct followed_job *job)
{
    job->status = pg_text(rows, row, JOB_STATUS);
    job->run = (int)pg_int(rows, row, JOB_RUN);
    job->log_lines = (int)pg_int(rows, row, JOB_LINES);
    job->ended_ago_s = pg_double(rows, row, JOB_ENDED);
}

bool followed_line_read(const struct pg_rows *rows, size_t row, struct log_line *line,
                        double *age_s)
{
    if (pg_text(rows, row, 1) == NULL)
        return false;
    log_line_read(rows, row, line);
    *age_s = pg_double(rows, row, LINE_AGE);
    return true;
}
