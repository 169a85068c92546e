/* jobs.c - see jobs.h. */
#include "infra/store/jobs.h"

#include <stdio.h>

enum {
    WAITING,
    INSERT,
    FIND,
    LIST,
    COUNT_ALL,
    AHEAD,
    CANCEL,
    ENDED,
    CLAIM,
    WAITING_IDS,
    FINISH,
    DEPTHS
};

#define JOB_COLUMNS                                                                                \
    "j.id, j.account, j.pool, j.kind, j.model_name, j.version_id, j.deployment_id, j.status, "     \
    "j.run, j.failures, "                                                                          \
    "j.max_attempts, coalesce(l.progress, j.progress), coalesce(l.stage, j.stage), j.result, "     \
    "j.error_code, j.error_message, coalesce(j.log_lines, -1), iso(j.created_at), "                \
    "iso(j.updated_at), iso(j.started_at), iso(j.completed_at), iso(j.available_at), "             \
    "j.message "                                                                                   \
    "from jobs j left join leases l on l.job_id = j.id and l.run = j.run "

#define JOB_FILTER                                                                                 \
    "where j.account = $1 and ($2::text is null or j.status = $2) and ($3::text is null or "       \
    "j.kind = $3) "

static const char *const SQL[] = {
    /* Numbers are given in order: when the first and the last that wait are less than the limit
     * apart, fewer wait, and they need not be counted (5 ms for 10,000). */
    [WAITING] = "select case when first.priority = last.priority"
                "             and last.seq - first.seq + 1 < m.max_waiting then false"
                "       else (select count(*) >= m.max_waiting from ("
                "         select from jobs j where j.pool = $2 and j.account = $1"
                "            and j.status in ('PENDING', 'RETRYING') limit m.max_waiting) w) end"
                "  from limits m"
                "  left join lateral (select j.priority, j.seq from jobs j"
                "    where j.pool = $2 and j.account = $1 and j.status in ('PENDING', 'RETRYING')"
                "    order by j.pool, j.account, j.priority desc, j.seq limit 1) first on true"
                "  left join lateral (select j.priority, j.seq from jobs j"
                "    where j.pool = $2 and j.account = $1 and j.status in ('PENDING', 'RETRYING')"
                "    order by j.pool desc, j.account desc, j.priority, j.seq desc limit 1) last"
                "    on true"
                " where m.account = $1 and m.pool = $2",
    [INSERT] = "with job as ("
               "  insert into jobs (id, account, pool, kind, key, model_id, model_name, version_id,"
               "                    message, traceparent, deployment_id)"
               "  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $11, $12))"
               "insert into outbox (topic, key, value, headers, taken_until)"
               "values ('jobs.' || $3, $10, $9,"
               "        json_strip_nulls(json_build_object('job-id', $1, 'run', '0', 'schema', '1',"
               "          'content-type', 'application/json', 'traceparent', $11::text)),"
               "        clock_timestamp() + interval '35 s') returning id",
    [FIND] = "select " JOB_COLUMNS "where j.account = $1 and j.id = $2",
    /* $4: what to sort by and which way; the id makes the order total */
    [LIST] =
        "select " JOB_COLUMNS JOB_FILTER "order by case $4 when 'created_at asc' then j.created_at "
        "  when 'updated_at asc' then j.updated_at end asc,"
        "  case $4 when 'created_at desc' then j.created_at when 'updated_at desc' then "
        "j.updated_at end desc,"
        "  j.seq desc limit $5::int offset $6::int",
    [COUNT_ALL] = "select count(*) from jobs j " JOB_FILTER,
    [AHEAD] = "select count(*) from jobs j join jobs me on me.id = $1"
              " where j.pool = me.pool and j.account = me.account"
              "   and j.status in ('PENDING', 'RETRYING')"
              "   and (j.priority > me.priority or (j.priority = me.priority and j.seq < me.seq))",
    [ENDED] = "select w.id from unnest($1::text[]) as w(id) left join jobs j on j.id = w.id"
              " where j.id is null or j.completed_at is not null",
    [CANCEL] = "select cancel_job($2, $1)",
    /* the function returns ids and runs only; the payload is read where it stands. "offset 0" keeps
     * the planner, which takes the function for one of a thousand rows, from reading all jobs. */
    [CLAIM] =
        "select c.job_id, c.run, j.account, j.model_name, j.message, j.failures, j.traceparent"
        "  from claim_jobs($1, $2::text[], $3, make_interval(secs => $4::int)) c"
        " cross join lateral (select * from jobs where id = c.job_id offset 0) j"
        " order by j.priority desc, j.seq",
    [WAITING_IDS] = "select id from waiting_jobs($1, $2::int, $3::int)",
    [FINISH] = "select job_id from finish_jobs($1::json)",
    [DEPTHS] = "select p.pool,"
               "       count(*) filter (where p.status in ('PENDING', 'RETRYING')),"
               "       coalesce(extract(epoch from clock_timestamp() -"
               "         min(p.created_at) filter (where p.status in ('PENDING', 'RETRYING'))), 0),"
               "       count(*) filter (where p.status in ('RUNNING', 'CANCELLING'))"
               "  from jobs p where p.status in ('PENDING', 'RETRYING', 'RUNNING', 'CANCELLING') "
               "group by 1",
};
const struct pg_sql jobs_sql = PG_SQL(SQL);

static bool check_waiting(struct pg *db, const struct new_job *job, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[WAITING], PG_VALUES(job->account, job->pool), err);
    bool ok = rows != NULL;

    if (ok && pg_bool(rows, 0, 0))
        ok = error_set(
            err, ERROR_RATE_LIMIT,
            "too many %s jobs of this account are waiting; try again when some have ended",
            job->pool);
    pg_rows_free(rows);
    return ok;
}

bool jobs_insert(struct pg *db, const struct new_job *job, int64_t *outbox_id, struct error *err)
{
    struct pg_rows *rows;

    if (!check_waiting(db, job, err))
        return false;
    rows = pg_query(db, SQL[INSERT],
                    PG_VALUES(job->id, job->account, job->pool, job->kind, job->key, job->model_id,
                              job->model_name, job->version_id, job->message, job->topic_key,
                              job->traceparent, job->deployment_id),
                    err);
    if (rows == NULL)
        return false;
    *outbox_id = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    return true;
}

void job_read(const struct pg_rows *rows, size_t row, struct job *job)
{
    int at = 0;

    *job = (struct job){0};
    job->id = pg_text(rows, row, at++);
    job->account = pg_text(rows, row, at++);
    job->pool = pg_text(rows, row, at++);
    job->kind = pg_text(rows, row, at++);
    job->model_name = pg_text(rows, row, at++);
    job->version_id = pg_text(rows, row, at++);
    job->deployment_id = pg_text(rows, row, at++);
    job->status = (enum job_status)state_from_word(MACHINE_JOB, pg_text_or_empty(rows, row, at++));
    job->run = (int)pg_int(rows, row, at++);
    job->failures = (int)pg_int(rows, row, at++);
    job->max_attempts = (int)pg_int(rows, row, at++);
    job->progress = (int)pg_int(rows, row, at++);
    job->stage = pg_text(rows, row, at++);
    job->result = pg_text(rows, row, at++);
    job->error_code = pg_text(rows, row, at++);
    job->error_message = pg_text(rows, row, at++);
    job->log_lines = (int)pg_int(rows, row, at++);
    job->created_at = pg_text(rows, row, at++);
    job->updated_at = pg_text(rows, row, at++);
    job->started_at = pg_text(rows, row, at++);
    job->completed_at = pg_text(rows, row, at++);
    job->available_at = pg_text(rows, row, at++);
    job->message = pg_text(rows, row, at);
}

void job_clear(struct job *job)
{
    pg_rows_free(job->rows);
    *job = (struct job){0};
}

bool jobs_find(struct pg *db, const char *account, const char *id, struct job *job,
               struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[FIND], PG_VALUES(account, id), err);

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        pg_rows_free(rows);
        return error_set(err, ERROR_NOT_FOUND, "no job is named %.100s", id);
    }
    job_read(rows, 0, job);
    job->rows = rows;
    return true;
}

struct pg_rows *jobs_list(struct pg *db, const struct jobs_filter *filter, int64_t *total,
                          struct error *err)
{
    char order[32];
    struct pg_rows *rows;

    snprintf(order, sizeof order, "%.16s %s", filter->sort, filter->ascending ? "asc" : "desc");
    rows =
        pg_query(db, SQL[COUNT_ALL], PG_VALUES(filter->account, filter->status, filter->kind), err);
    if (rows == NULL)
        return NULL;
    *total = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    return pg_query(db, SQL[LIST],
                    PG_VALUES(filter->account, filter->status, filter->kind, order,
                              pg_number(filter->limit).text, pg_number(filter->offset).text),
                    err);
}

bool jobs_ahead(struct pg *db, const char *id, int64_t *ahead, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[AHEAD], PG_VALUES(id), err);

    if (rows == NULL)
        return false;
    *ahead = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    return true;
}

bool jobs_cancel(struct pg *db, const char *account, const char *id, enum job_status *status,
                 struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[CANCEL], PG_VALUES(account, id), err);
    const char *word;
    bool ok;

    if (rows == NULL)
        return false;
    word = pg_text(rows, 0, 0);
    ok = word != NULL;
    if (ok)
        *status = (enum job_status)state_from_word(MACHINE_JOB, word);
    else
        error_set(err, ERROR_NOT_FOUND, "no job is named %.100s", id);
    pg_rows_free(rows);
    return ok;
}

struct pg_rows *jobs_ended(struct pg *db, const char *const *ids, size_t count, struct error *err)
{
    struct buffer array = {0};
    struct pg_rows *rows = NULL;

    pg_array(&array, ids, count);
    if (array.failed)
        error_no_memory(err);
    else
        rows = pg_query(db, SQL[ENDED], PG_VALUES(array.data), err);
    buffer_clear(&array);
    return rows;
}

struct pg_rows *jobs_claim(struct pg *db, const char *pool, const char *const *ids, size_t count,
                           const char *owner, int lease_s, struct error *err)
{
    struct buffer array = {0};
    struct pg_rows *rows = NULL;

    pg_array(&array, ids, count);
    if (array.failed)
        error_no_memory(err);
    else
        rows = pg_query(db, SQL[CLAIM], PG_VALUES(pool, array.data, owner, pg_number(lease_s).text),
                        err);
    buffer_clear(&array);
    return rows;
}

struct pg_rows *jobs_waiting(struct pg *db, const char *pool, int each, int most, struct error *err)
{
    return pg_query(db, SQL[WAITING_IDS],
                    PG_VALUES(pool, pg_number(each).text, pg_number(most).text), err);
}

struct pg_rows *jobs_finish(struct pg *db, const char *items, struct error *err)
{
    return pg_query(db, SQL[FINISH], PG_VALUES(items), err);
}

struct pg_rows *jobs_depths(struct pg *db, struct error *err)
{
    return pg_query(db, SQL[DEPTHS], PG_NONE, err);
}
