/*
 * bench_jobs.c - how fast jobs go through: accepted, published, claimed, run, finished.
 *
 * The handler does nothing, so that what is measured is the way and not the work. Two parts: as
 * many jobs as a number of submitters can bring, and a steady rate for the time from submit to
 * start. Prints one JSON object; scripts/bench jobs starts the servers and makes the table.
 */
#include "infra/base/clock.h"
#include "infra/base/ids.h"
#include "infra/base/thread.h"
#include "infra/kafka/producer.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pool.h"
#include "infra/relay/publisher.h"
#include "infra/relay/relay.h"
#include "infra/store/jobs.h"
#include "schemas/fields.h"
#include "tests/integration/support.h"
#include "workers/runtime/worker.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUBMITTERS = 8, SLOTS = 64, RATE = 50, RATE_JOBS = 1000 };

struct bench {
    struct support support;
    struct publisher *publisher;
    struct metrics *metrics;
    struct relay *relay;
    int jobs;
    int interval_us; /* between a submitter's jobs; 0: none */
    atomic_int submitted;
    atomic_int started;
    atomic_int failed;
    double *waits_ms; /* submit to start, by order of start */
};

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool decode(const char *message, size_t length, struct job_head *head, struct error *err)
{
    json_t *json = json_parse(message, length, err);

    if (json == NULL)
        return false;
    snprintf(head->job_id, sizeof head->job_id, "%s",
             json_string_value(json_object_get(json, "job_id")));
    snprintf(head->account, sizeof head->account, "%s",
             json_string_value(json_object_get(json, "account")));
    json_decref(json);
    return true;
}

static bool note_start(struct run *run, void *context, struct error *err)
{
    struct bench *bench = context;
    const char *at = strstr(run_job(run)->message, "\"at\":");
    int number = atomic_fetch_add(&bench->started, 1);

    (void)err;
    if (at != NULL && number < bench->jobs)
        bench->waits_ms[number] = (double)(now_us() - strtoll(at + 5, NULL, 10)) / 1000;
    return true;
}

/* Accepts one job as the API does: commit, then publish. */
static bool submit(struct bench *bench, struct error *err)
{
    struct id id = id_new("job");
    char message[256];
    int64_t outbox_id;
    struct pg *db = pg_pool_borrow(bench->support.pool, err);
    bool ok;

    snprintf(message, sizeof message,
             "{\"schema\":1,\"job_id\":\"%s\",\"account\":\"%s\",\"at\":%lld}", id.text,
             bench->support.account, (long long)now_us());
    ok = db != NULL && pg_begin(db, err) &&
         jobs_insert(db,
                     &(struct new_job){.id = id.text,
                                       .account = bench->support.account,
                                       .pool = "predict",
                                       .kind = "noop",
                                       .message = message,
                                       .topic_key = id.text},
                     &outbox_id, err) &&
         pg_commit(db, err);
    pg_pool_return(bench->support.pool, db);
    if (ok) {
        publisher_send(bench->publisher, outbox_id,
                       &(struct kafka_message){.topic = "jobs.predict",
                                               .key = id.text,
                                               .value = message,
                                               .length = strlen(message)});
        relay_wake(bench->relay);
    }
    return ok;
}

static void *run_submitter(void *context)
{
    struct bench *bench = context;
    int64_t next = now_us();

    while (atomic_fetch_add(&bench->submitted, 1) < bench->jobs) {
        struct error err = {0};

        if (!submit(bench, &err) && atomic_fetch_add(&bench->failed, 1) == 0)
            fprintf(stderr, "%s: %s\n", err.message, err.detail);
        next += bench->interval_us;
        while (bench->interval_us > 0 && now_us() < next) {
            struct timespec rest = {.tv_nsec = (next - now_us()) * 1000 % 1000000000};

            nanosleep(&rest, NULL);
        }
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Submits jobs, waits until all are done, and prints what came of it. */
static void measure(struct bench *bench, const char *name, int jobs, int submitters,
                    int interval_us)
{
    pthread_t threads[SUBMITTERS];
    struct error err = {0};
    double first;
    int64_t start_us = now_us();
    double seconds;

    bench->jobs = jobs;
    bench->interval_us = interval_us;
    atomic_store(&bench->submitted, 0);
    atomic_store(&bench->started, 0);
    atomic_store(&bench->failed, 0);
    bench->waits_ms = calloc((size_t)jobs, sizeof *bench->waits_ms);
    if (bench->waits_ms == NULL)
        exit(EXIT_FAILURE);
    for (int at = 0; at < submitters; at++)
        if (!thread_start(&threads[at], run_submitter, bench, &err))
            exit(EXIT_FAILURE);
    for (int at = 0; at < submitters; at++)
        pthread_join(threads[at], NULL);
    support_wait_for(&bench->support, "select count(*) from jobs where status <> 'COMPLETED'",
                     PG_NONE, "0", 300);
    seconds = (double)(now_us() - start_us) / 1e6;
    first = bench->waits_ms[0];
    qsort(bench->waits_ms, (size_t)jobs, sizeof *bench->waits_ms, compare);
    printf("\"%s\":{\"jobs\":%d,\"failed\":%d,\"seconds\":%.2f,\"jobs_per_s\":%.0f,\"first_start_"
           "ms\":%.1f,"
           "\"start_p50_ms\":%.1f,\"start_p99_ms\":%.1f}",
           name, jobs, atomic_load(&bench->failed), seconds, jobs / seconds, first,
           bench->waits_ms[jobs / 2], bench->waits_ms[jobs * 99 / 100]);
    free(bench->waits_ms);
}

int main(int count, char **arguments)
{
    static struct bench bench;
    struct runtime_options options = runtime_options_default();
    struct handler handler = {
        .pool = "predict", .decode = decode, .run = note_start, .context = &bench};
    struct id instance = id_new("wrk");
    const char *pool = "predict";
    struct worker *worker;
    struct error err = {0};

    signal(SIGPIPE, SIG_IGN);
    support_init_with_topics(&bench.support);
    options.database_url = bench.support.url;
    options.kafka = bench.support.kafka;
    options.instance_id = instance.text;
    options.pools = &pool;
    options.pools_count = 1;
    options.slots = SLOTS;
    bench.metrics = metrics_new(&err);
    worker = worker_new(&options, bench.support.pool, &handler, 1, bench.metrics, &err);
    bench.publisher = publisher_new(bench.support.pool, &bench.support.kafka, bench.metrics, &err);
    bench.relay = relay_new(bench.support.pool, bench.support.url, &bench.support.kafka, "bench",
                            bench.metrics, &err);
    if (worker == NULL || bench.publisher == NULL || bench.relay == NULL) {
        fprintf(stderr, "%s: %s\n", err.message, err.detail);
        return EXIT_FAILURE;
    }
    printf("{");
    measure(&bench, "steady", RATE_JOBS, 1, 1000000 / RATE);
    printf(",");
    measure(&bench, "flat_out", count > 1 ? atoi(arguments[1]) : 20000, SUBMITTERS, 0);
    printf("}\n");
    relay_free(bench.relay);
    publisher_free(bench.publisher);
    worker_stop(worker, 5000);
    metrics_free(bench.metrics);
    support_clear(&bench.support);
    return EXIT_SUCCESS;
}
