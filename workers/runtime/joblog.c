/* joblog.c - see joblog.h. */
#include "workers/runtime/joblog.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/kafka/producer.h"
#include "infra/postgres/pool.h"
#include "infra/store/log_lines.h"
#include "schemas/log_record.h"
#include "workers/runtime/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    WAIT_FOR_KAFKA_MS = 5000,
    UNSAFE_MOST = 2000, /* lines kept in memory for Kafka; more go to PostgreSQL at once */
    RETRY_MS = 500,
};

struct joblog {
    struct pg_pool *db;
    struct producer *producer;
};

/* A line that is not known to be safe yet. */
struct line {
    struct joblog_run *run;
    struct line *next;
    struct line **link; /* what points at this line */
    struct log_record record;
    bool in_flight; /* the producer will report on it */
    char texts[];   /* message and stage */
};

struct joblog_run {
    /* read-only after open */
    struct joblog *joblog;
    const struct run_job *job;

    /* the writing thread only */
    int next_seq;

    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t safer;
    struct line *lines;
    struct line **last;
    size_t lines_count;
    size_t in_flight;
    bool closed;
};

static void unlink_locked(struct line *line)
{
    struct joblog_run *run = line->run;

    *line->link = line->next;
    if (line->next != NULL)
        line->next->link = line->link;
    else
        run->last = line->link;
    run->lines_count--;
}

static void free_run(struct joblog_run *run)
{
    pthread_cond_destroy(&run->safer);
    pthread_mutex_destroy(&run->lock);
    free(run);
}

/* The producer tells what came of a line. */
static void on_report(void *context, int64_t tag, bool delivered)
{
    struct line *line = (struct line *)(intptr_t)tag;
    struct joblog_run *run = line->run;
    bool last;

    (void)context;
    pthread_mutex_lock(&run->lock);
    line->in_flight = false;
    run->in_flight--;
    if (delivered || run->closed) {
        unlink_locked(line);
        free(line);
    }
    last = run->closed && run->in_flight == 0;
    pthread_cond_signal(&run->safer);
    pthread_mutex_unlock(&run->lock);
    if (last)
        free_run(run);
}

struct joblog *joblog_new(struct pg_pool *db, const struct kafka_settings *kafka, struct error *err)
{
    static const struct producer_tuning TUNING = {
        .linger_ms = 20, .delivery_timeout_ms = 120000, .queue_messages = 100000};
    static const char *const TOPICS[] = {"logs"};
    struct joblog *joblog = calloc(1, sizeof *joblog);

    if (joblog == NULL) {
        error_no_memory(err);
        return NULL;
    }
    joblog->db = db;
    joblog->producer = producer_new(kafka, &TUNING, on_report, joblog, err);
    if (joblog->producer == NULL) {
        free(joblog);
        return NULL;
    }
    producer_warm_up(joblog->producer, TOPICS, 1, 1000);
    return joblog;
}

void joblog_free(struct joblog *joblog)
{
    if (joblog == NULL)
        return;
    producer_flush(joblog->producer, 5000);
    producer_free(joblog->producer);
    free(joblog);
}

struct joblog_run *joblog_open(struct joblog *joblog, const struct run_job *job, struct error *err)
{
    struct joblog_run *run = calloc(1, sizeof *run);

    if (run == NULL) {
        error_no_memory(err);
        return NULL;
    }
    run->joblog = joblog;
    run->job = job;
    run->last = &run->lines;
    pthread_mutex_init(&run->lock, NULL);
    cond_init(&run->safer);
    return run;
}

static struct line *line_new(struct joblog_run *run, const char *level, const char *message,
                             int progress, const char *stage)
{
    size_t length = strnlen(message, LOG_MESSAGE_BYTES);
    struct line *line =
        calloc(1, sizeof *line + length + 1 + (stage == NULL ? 0 : strlen(stage) + 1));

    if (line == NULL)
        return NULL;
    memcpy(line->texts, message, length);
    line->run = run;
    line->record = (struct log_record){.job_id = run->job->id,
                                       .run = run->job->run,
                                       .seq = run->next_seq++,
                                       .account = run->job->account,
                                       .model = run->job->model,
                                       .at_ms = clock_wall_ms(),
                                       .level = level,
                                       .message = line->texts,
                                       .progress = progress};
    if (stage != NULL)
        line->record.stage = strcpy(line->texts + length + 1, stage);
    return line;
}

static void send_line(struct line *line)
{
    struct joblog_run *run = line->run;
    struct buffer text = {0};
    char number[16];
    struct kafka_header headers[] = {{"content-type", "application/json"},
                                     {"schema", "1"},
                                     {"job-id", run->job->id},
                                     {"run", number},
                                     {"traceparent", run->job->traceparent}};
    struct error err = {0};
    bool sent;

    snprintf(number, sizeof number, "%d", run->job->run);
    log_record_encode(&line->record, &text);
    sent = !text.failed &&
           producer_send(
               run->joblog->producer,
               &(struct kafka_message){.topic = "logs",
                                       .key = run->job->id,
                                       .value = text.data,
                                       .length = text.length,
                                       .headers = headers,
                                       .headers_count = *run->job->traceparent == '\0' ? 4 : 5},
               (int64_t)(intptr_t)line, &err);
    buffer_clear(&text);
    if (sent)
        return;
    pthread_mutex_lock(&run->lock); /* stays in the list: it goes to PostgreSQL */
    line->in_flight = false;
    run->in_flight--;
    pthread_mutex_unlock(&run->lock);
}

static bool store_rest(struct joblog_run *run, struct error *err);

void joblog_write(struct joblog_run *run, const char *level, const char *message, int progress,
                  const char *stage)
{
    struct line *line = line_new(run, level, message, progress, stage);
    struct error err = {0};
    bool full;

    if (line == NULL) {
        log_error("a job's log line is lost: out of memory", log_str("job", run->job->id));
        return;
    }
    pthread_mutex_lock(&run->lock);
    line->link = run->last;
    *run->last = line;
    run->last = &line->next;
    run->lines_count++;
    run->in_flight++;
    line->in_flight = true;
    full = run->lines_count >= UNSAFE_MOST;
    pthread_mutex_unlock(&run->lock);
    send_line(line);
    if (full && !store_rest(run, &err))
        log_failure("job log lines pile up", &err, log_str("job", run->job->id));
}

/* A copy of the records of the lines still unsafe, in one block with their texts. free() it. */
static struct log_record *copy_records_locked(const struct joblog_run *run)
{
    size_t size = run->lines_count * sizeof(struct log_record);
    struct log_record *records;
    struct log_record *record;
    char *text;

    for (const struct line *line = run->lines; line != NULL; line = line->next)
        size += strlen(line->record.message) + 1 +
                (line->record.stage == NULL ? 0 : strlen(line->record.stage) + 1);
    record = records = malloc(size + 1);
    if (records == NULL)
        return NULL;
    text = (char *)(records + run->lines_count);
    for (const struct line *line = run->lines; line != NULL; line = line->next, record++) {
        *record = line->record;
        record->message = text;
        text = stpcpy(text, line->record.message) + 1;
        if (line->record.stage == NULL)
            continue;
        record->stage = text;
        text = stpcpy(text, line->record.stage) + 1;
    }
    return records;
}

/* Forgets the lines up to seq: PostgreSQL has them. Those in flight are freed by their report. */
static void forget(struct joblog_run *run, int seq)
{
    pthread_mutex_lock(&run->lock);
    for (struct line *line = run->lines, *next; line != NULL && line->record.seq <= seq;
         line = next) {
        next = line->next;
        if (!line->in_flight) {
            unlink_locked(line);
            free(line);
        }
    }
    pthread_mutex_unlock(&run->lock);
}

/* Writes the lines that are still unsafe to PostgreSQL. */
static bool store_rest(struct joblog_run *run, struct error *err)
{
    struct log_record *records;
    size_t count;
    struct pg *db;
    bool ok;

    pthread_mutex_lock(&run->lock);
    count = run->lines_count;
    records = copy_records_locked(run);
    pthread_mutex_unlock(&run->lock);
    if (records == NULL)
        return error_no_memory(err);
    if (count == 0) {
        free(records);
        return true;
    }
    db = pg_pool_borrow(run->joblog->db, err);
    ok = db != NULL && log_lines_insert(db, records, count, err);
    pg_pool_return(run->joblog->db, db);
    if (ok)
        forget(run, records[count - 1].seq);
    free(records);
    return ok;
}

static void wait_for_kafka(struct joblog_run *run)
{
    int64_t deadline = clock_monotonic_ms() + WAIT_FOR_KAFKA_MS;

    pthread_mutex_lock(&run->lock);
    while (run->in_flight > 0 &&
           cond_wait(&run->safer, &run->lock, deadline - clock_monotonic_ms()))
        continue;
    pthread_mutex_unlock(&run->lock);
}

int joblog_close(struct joblog_run *run, bool (*give_up)(void *context), void *context)
{
    static const struct timespec PAUSE = {.tv_nsec = RETRY_MS * 1000000L};
    struct error err = {0};
    int lines = run->next_seq;

    wait_for_kafka(run);
    while (!store_rest(run, &err)) {
        if (give_up(context)) {
            lines = -1;
            break;
        }
        log_failure("job log lines wait for the database", &err, log_str("job", run->job->id));
        nanosleep(&PAUSE, NULL);
    }
    joblog_abandon(run);
    return lines;
}

void joblog_abandon(struct joblog_run *run)
{
    bool last;

    if (run == NULL)
        return;
    pthread_mutex_lock(&run->lock);
    for (struct line *line = run->lines, *next; line != NULL; line = next) {
        next = line->next;
        if (!line->in_flight) {
            unlink_locked(line);
            free(line);
        }
    }
    run->closed = true;
    last = run->in_flight == 0;
    pthread_mutex_unlock(&run->lock);
    if (last)
        free_run(run);
}
