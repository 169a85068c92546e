/*
 * main.c - trainyard-worker: runs jobs of its pools until it is told to stop.
 *
 * The same program is the child that opens users' files: "child build", "child predict" and
 * "inspect".
 */
#include "infra/base/config.h"
#include "infra/base/ids.h"
#include "infra/base/log.h"
#include "infra/blob/blob.h"
#include "infra/metrics/metrics.h"
#include "infra/metrics/server.h"
#include "infra/postgres/pool.h"
#include "infra/store/jobs.h"
#include "infra/store/settings.h"
#include "workers/build/build.h"
#include "workers/build/build_child.h"
#include "workers/build/fetch.h"
#include "workers/deploy/deploy.h"
#include "workers/logs/collector.h"
#include "workers/predict/predict.h"
#include "workers/predict/predict_child.h"
#include "workers/runtime/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOLS_MOST = 8, SESSIONS = 12, WATCHDOG_S = 60 };

/* What one worker process is made of. */
struct process {
    struct config config;
    struct runtime_options options;
    struct id instance;
    const char *pools[POOLS_MOST];
    struct pg_pool *db;
    struct blobs *blobs;
    struct metrics *metrics;
    struct build_services build;
    struct predict_services predict;
    struct deploy_services deploy;
    struct handler handlers[POOLS_MOST];
    size_t handlers_count;
    bool collects_logs;
    struct worker *worker;
    struct collector *collector;
    struct metrics_server *server;
};

static void print_help(void)
{
    printf("trainyard-worker - runs Trainyard's jobs\n\n"
           "Usage:\n"
           "  trainyard-worker                  runs until SIGTERM: then running jobs may end, the "
           "rest is handed back\n"
           "  trainyard-worker inspect FILE ... prints what is in a table, as JSON\n"
           "  trainyard-worker --help | --version\n\n");
    config_help(stdout, CONFIG_WORKER);
}

static bool load_config(struct process *process)
{
    struct buffer problems = {0};
    bool ok = config_load(&process->config, CONFIG_WORKER, getenv, &problems);

    if (!ok)
        fprintf(stderr, "trainyard-worker cannot start:\n%s",
                problems.failed ? "out of memory\n" : problems.data);
    buffer_clear(&problems);
    return ok;
}

static void add_build(struct process *process)
{
    process->handlers[process->handlers_count++] = build_handler(&process->build);
}

static void add_retrain(struct process *process)
{
    process->handlers[process->handlers_count++] = retrain_handler(&process->build);
}

static void add_predict(struct process *process)
{
    process->handlers[process->handlers_count++] = predict_handler(&process->predict);
}

static void add_deploy(struct process *process)
{
    process->handlers[process->handlers_count++] = deploy_handler(&process->deploy);
}

static void add_logs(struct process *process)
{
    process->collects_logs = true;
}

/* What this program can serve; the settings' default names them all. */
static const struct {
    const char *name;
    void (*add)(struct process *process);
} POOLS[] = {
    {"build", add_build},   {"retrain", add_retrain}, {"predict", add_predict},
    {"deploy", add_deploy}, {"logs", add_logs},
};

enum { POOLS_COUNT = sizeof POOLS / sizeof *POOLS };

static bool unknown_pool(const char *name, struct error *err)
{
    char known[POOLS_COUNT * 16] = "";

    for (size_t at = 0; at < POOLS_COUNT; at++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", at == 0 ? "" : ", ",
                 POOLS[at].name);
    return error_set(err, ERROR_INVALID_REQUEST,
                     "TRAINYARD_POOLS names the pool %.64s: there are %s", name, known);
}

static bool add_pool(struct process *process, const char *name, struct error *err)
{
    for (size_t at = 0; at < process->options.pools_count; at++)
        if (strcmp(process->pools[at], name) == 0)
            return error_set(err, ERROR_INVALID_REQUEST, "TRAINYARD_POOLS names %.64s twice", name);
    for (size_t at = 0; at < POOLS_COUNT; at++) {
        if (strcmp(POOLS[at].name, name) != 0)
            continue;
        POOLS[at].add(process);
        process->pools[process->options.pools_count++] = POOLS[at].name;
        return true;
    }
    return unknown_pool(name, err);
}

/* Finds what serves the pools that the configuration names. */
static bool choose_pools(struct process *process, struct error *err)
{
    char names[CONFIG_TEXT_BYTES];
    char *rest = strcpy(names, process->config.pools);
    char *name;

    process->options.pools = process->pools;
    while ((name = strsep(&rest, ", ")) != NULL)
        if (*name != '\0' && !add_pool(process, name, err))
            return false;
    return process->options.pools_count > 0 ||
           error_set(err, ERROR_INVALID_REQUEST,
                     "TRAINYARD_POOLS names no pool: leave it out, and all are served");
}

/* Makes sure that this process and the database mean the same blob store. */
static bool join_blob_store(struct process *process, struct error *err)
{
    struct pg *db = pg_pool_borrow(process->db, err);
    bool ok = db != NULL && settings_join_blob_store(db, blobs_id(process->blobs), err);

    pg_pool_return(process->db, db);
    return ok;
}

static bool is_ready(void *context, struct error *err)
{
    struct process *process = context;

    return process->worker != NULL && worker_is_well(process->worker, err);
}

static void note_depths(struct metrics *metrics, const char *pool, double waiting, double oldest_s,
                        double running)
{
    char labels[128];

    snprintf(labels, sizeof labels, "pool=\"%.64s\"", pool);
    metrics_set(metrics, "trainyard_jobs_waiting", labels, waiting);
    metrics_set(metrics, "trainyard_jobs_oldest_age_seconds", labels, oldest_s);
    metrics_set(metrics, "trainyard_jobs_running", labels, running);
}

/* The depths of all pools, read when somebody asks for metrics. A pool without jobs has no row. */
static void collect_depths(void *context, struct metrics *metrics)
{
    struct process *process = context;
    struct error err = {0};
    struct pg *db = pg_pool_borrow(process->db, &err);
    struct pg_rows *rows = db == NULL ? NULL : jobs_depths(db, &err);

    for (size_t at = 0; rows != NULL && at < process->handlers_count; at++)
        note_depths(metrics, process->handlers[at].pool, 0, 0, 0);
    for (size_t at = 0; rows != NULL && at < pg_rows_count(rows); at++)
        note_depths(metrics, pg_text(rows, at, 0), pg_double(rows, at, 1), pg_double(rows, at, 2),
                    pg_double(rows, at, 3));
    pg_rows_free(rows);
    pg_pool_return(process->db, db);
}

static bool start(struct process *process, struct error *err)
{
    const struct config *config = &process->config;

    process->instance = id_new("wrk");
    process->options = runtime_options_default();
    process->options.database_url = config->database_url;
    process->options.kafka = (struct kafka_settings){config->kafka_brokers, config->topic_prefix};
    process->options.instance_id = process->instance.text;
    process->options.slots = config->slots > 0 ? config->slots : (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (!choose_pools(process, err))
        return false;
    process->metrics = metrics_new(err);
    process->db =
        process->metrics == NULL ? NULL : pg_pool_new(config->database_url, SESSIONS, err);
    process->blobs = process->db == NULL ? NULL : blobs_open(config->blob_dir, err);
    if (process->blobs == NULL || !join_blob_store(process, err))
        return false;
    process->build =
        (struct build_services){.blobs = process->blobs,
                                .memory_mb = config->child_memory_mb,
                                .timeout_s = config->build_timeout_s,
                                .db = process->db,
                                .fetch_most_mb = config->max_upload_mb,
                                .fetch_timeout_s = config->fetch_timeout_s,
                                .fetch_private = strcmp(config->fetch_private, "allow") == 0};
    process->predict = (struct predict_services){process->blobs, process->metrics,
                                                 config->child_memory_mb, config->build_timeout_s};
    process->deploy = (struct deploy_services){process->db, config->deploy_wait_s};
    process->worker = worker_new(&process->options, process->db, process->handlers,
                                 process->handlers_count, process->metrics, err);
    if (process->worker == NULL)
        return false;
    if (process->collects_logs) {
        process->collector =
            collector_new(process->db, &process->options.kafka, process->metrics, err);
        if (process->collector == NULL)
            return false;
    }
    if (config->metrics_port == 0)
        return true;
    process->server = metrics_server_new(config->bind, config->metrics_port, process->metrics,
                                         is_ready, collect_depths, process, err);
    return process->server != NULL;
}

static void stop(struct process *process)
{
    alarm((unsigned)process->config.grace_s + WATCHDOG_S); /* whatever hangs, the leases run out */
    worker_stop(process->worker, (int64_t)process->config.grace_s * 1000);
    collector_free(process->collector);
    metrics_server_free(process->server);
    blobs_close(process->blobs);
    pg_pool_free(process->db);
    metrics_free(process->metrics);
}

static int run(struct process *process)
{
    struct error err = {0};
    sigset_t ends;
    int signal_number = 0;
    bool started;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    config_start_log(&process->config, "worker");
    started = start(process, &err);
    if (started) {
        log_info("worker is ready", log_str("instance", process->instance.text),
                 log_str("pools", process->config.pools), log_int("slots", process->options.slots));
        sigwait(&ends, &signal_number);
        log_info("worker stops", log_str("signal", strsignal(signal_number)));
    } else {
        log_error("worker cannot start", log_str("error", err.message),
                  log_str("detail", err.detail));
    }
    stop(process);
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **arguments)
{
    static struct process process; /* large, and zeroed */
    const char *command = count > 1 ? arguments[1] : "";

    if (strcmp(command, "child") == 0 && count == 3 && strcmp(arguments[2], "build") == 0)
        return build_child_main();
    if (strcmp(command, "child") == 0 && count == 3 && strcmp(arguments[2], "fetch") == 0)
        return fetch_child_main();
    if (strcmp(command, "child") == 0 && count == 3 && strcmp(arguments[2], "predict") == 0)
        return predict_child_main();
    if (strcmp(command, "inspect") == 0)
        return inspect_main(count - 2, arguments + 2);
    if (strcmp(command, "--help") == 0) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (strcmp(command, "--version") == 0) {
        puts("trainyard-worker " TRAINYARD_VERSION);
        return EXIT_SUCCESS;
    }
    if (*command != '\0') {
        fprintf(stderr, "trainyard-worker knows no '%s'; see trainyard-worker --help\n", command);
        return EXIT_FAILURE;
    }
    return load_config(&process) ? run(&process) : EXIT_FAILURE;
}
