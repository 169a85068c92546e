/*
 * main.c - trainyard-api: answers REST requests and predictions until it is told to stop.
 */
#include "api/adapter.h"
#include "api/failed_keys.h"
#include "api/job_hub.h"
#include "api/key_cache.h"
#include "api/log_hub.h"
#include "api/model_cache.h"
#include "api/presence.h"
#include "api/put_listener.h"
#include "api/replica_keeper.h"
#include "api/services.h"
#include "api/tls.h"
#include "api/traffic.h"
#include "api/turns.h"
#include "api/upkeep.h"
#include "infra/base/config.h"
#include "infra/base/ids.h"
#include "infra/base/log.h"
#include "infra/blob/blob.h"
#include "infra/kafka/settings.h"
#include "infra/metrics/metrics.h"
#include "infra/postgres/pool.h"
#include "infra/relay/publisher.h"
#include "infra/relay/relay.h"
#include "infra/store/settings.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SESSIONS_A_CORE = 4,
    SESSIONS_MORE = 4, /* for what works beside requests */
    SESSIONS_MOST = 48,
    WATCHDOG_S = 30,
    SECRET_BYTES = 256
};

/* What one API process is made of. */
struct process {
    struct config config;
    struct id instance;
    struct kafka_settings kafka;
    struct services services;
    struct presence *presence;
    struct replica_keeper *replicas;
    struct upkeep *upkeep;
    struct put_listener *uploads;
    char signing_key[SECRET_BYTES];
    char worker_program[PATH_MAX];
};

static void print_help(void)
{
    printf("trainyard-api - answers Trainyard's REST API and predictions\n\n"
           "Usage:\n"
           "  trainyard-api                     runs until SIGTERM: then running requests may end\n"
           "  trainyard-api --help | --version\n\n");
    config_help(stdout, CONFIG_API);
}

static bool load_config(struct process *process)
{
    struct buffer problems = {0};
    bool ok = config_load(&process->config, CONFIG_API, getenv, &problems);

    if (!ok)
        fprintf(stderr, "trainyard-api cannot start:\n%s",
                problems.failed ? "out of memory\n" : problems.data);
    buffer_clear(&problems);
    return ok;
}

/* A connection needs a descriptor: as many as we may have. */
static void raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* trainyard-worker lies next to this program; it reads clients' files for us. */
static void find_worker(struct process *process)
{
    static const char NAME[] = "trainyard-worker";
    char *path = process->worker_program;
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof NAME);
    char *slash;

    path[length < 0 ? 0 : length] = '\0';
    slash = strrchr(path, '/');
    strcpy(slash == NULL ? path : slash + 1, NAME);
}

/* What all processes must agree on: the blob store, and the key that signs URLs. */
static bool join_others(struct process *process, struct error *err)
{
    struct services *services = &process->services;
    struct pg *db = pg_pool_borrow(services->db, err);
    bool ok =
        db != NULL && settings_join_blob_store(db, blobs_id(services->blobs), err) &&
        settings_get(db, "signing_key", process->signing_key, sizeof process->signing_key, err);

    pg_pool_return(services->db, db);
    return ok;
}

/* More sessions than that make a full machine slower: they take turns on the same cores. */
static size_t sessions(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long wanted = SESSIONS_A_CORE * (cores < 1 ? 1 : cores) + SESSIONS_MORE;

    return (size_t)(wanted < SESSIONS_MOST ? wanted : SESSIONS_MOST);
}

static bool start_base(struct process *process, struct error *err)
{
    const struct config *config = &process->config;
    struct services *services = &process->services;

    process->instance = id_new("api");
    find_worker(process);
    services->config = config;
    services->instance_id = process->instance.text;
    services->signing_key = process->signing_key;
    services->worker_program = process->worker_program;
    services->metrics = metrics_new(err);
    services->traffic = services->metrics == NULL ? NULL : traffic_new(err);
    services->db =
        services->traffic == NULL ? NULL : pg_pool_new(config->database_url, sessions(), err);
    services->blobs = services->db == NULL ? NULL : blobs_open(config->blob_dir, err);
    return services->blobs != NULL && join_others(process, err);
}

static bool limit_failed_keys(struct services *services, struct error *err)
{
    int most = services->config->failed_keys_per_15min;

    services->failed_keys = most == 0 ? NULL : failed_keys_new(most, err);
    return most == 0 || services->failed_keys != NULL;
}

static bool start_caches(struct process *process, struct error *err)
{
    struct services *services = &process->services;

    services->turns = turns_new(err);
    services->keys = services->turns == NULL ? NULL : key_cache_new(services->db, err);
    services->models = services->keys == NULL ? NULL : model_cache_new(services, err);
    process->presence =
        services->models == NULL ? NULL : presence_new(services->db, services->instance_id, err);
    process->replicas = process->presence == NULL ? NULL : replica_keeper_new(services, err);
    process->upkeep =
        process->replicas == NULL ? NULL : upkeep_new(services->db, services->keys, err);
    return process->upkeep != NULL && limit_failed_keys(services, err);
}

/* What only managing needs; a model server has none of it. */
static bool start_managing(struct process *process, struct error *err)
{
    struct services *services = &process->services;
    const struct config *config = &process->config;

    if (strcmp(config->roles, "predict") == 0)
        return true;
    process->kafka = (struct kafka_settings){config->kafka_brokers, config->topic_prefix};
    services->publisher = publisher_new(services->db, &process->kafka, services->metrics, err);
    if (services->publisher == NULL)
        return false;
    services->relay = relay_new(services->db, config->database_url, &process->kafka,
                                services->instance_id, services->metrics, err);
    services->logs = services->relay == NULL ? NULL : log_hub_new(services->db, err);
    services->jobs = services->logs == NULL ? NULL : job_hub_new(services->db, err);
    process->uploads = services->jobs == NULL ? NULL : put_listener_new(services, err);
    return process->uploads != NULL;
}

/* The certificate of the ports, if they are to speak TLS. */
static bool start_tls(struct process *process, struct error *err)
{
    const struct config *config = &process->config;

    if (*config->tls_cert == '\0')
        return true;
    process->services.tls = tls_new(config->tls_cert, config->tls_key, err);
    return process->services.tls != NULL;
}

static bool start(struct process *process, struct error *err)
{
    if (!start_tls(process, err) || !start_base(process, err) || !start_caches(process, err) ||
        !start_managing(process, err))
        return false;
    process->services.adapter = adapter_new(&process->services, err);
    return process->services.adapter != NULL && adapter_start(process->services.adapter, err);
}

static void stop(struct process *process)
{
    struct services *services = &process->services;

    alarm((unsigned)process->config.grace_s + WATCHDOG_S);
    if (services->logs != NULL)
        log_hub_stop(services->logs);
    job_hub_stop(services->jobs);
    if (services->adapter != NULL)
        adapter_drain(services->adapter, (int64_t)process->config.grace_s * 1000);
    put_listener_free(process->uploads);
    adapter_free(services->adapter);
    presence_free(process->presence);
    job_hub_free(services->jobs);
    replica_keeper_free(process->replicas);
    log_hub_free(services->logs);
    relay_free(services->relay);
    publisher_free(services->publisher);
    model_cache_free(services->models);
    upkeep_free(process->upkeep);
    failed_keys_free(services->failed_keys);
    turns_free(services->turns);
    key_cache_free(services->keys);
    blobs_close(services->blobs);
    pg_pool_free(services->db);
    traffic_free(services->traffic);
    metrics_free(services->metrics);
    tls_free(services->tls);
}

static void log_ready(const struct process *process)
{
    const struct config *config = &process->config;

    log_info("api is ready", log_str("instance", process->instance.text),
             log_str("roles", config->roles), log_str("url", config->public_url),
             log_str("predict_url", config->predict_url), log_str("upload_url", config->upload_url),
             log_int("port", adapter_port(process->services.adapter)),
             log_int("predict_port", adapter_predict_port(process->services.adapter)));
}

/* SIGHUP: a certificate was renewed. A bad one changes nothing. */
static void reload(struct process *process)
{
    struct tls *tls = process->services.tls;
    struct error err = {0};

    if (tls == NULL)
        log_info("nothing to read again: TRAINYARD_TLS_CERT is not set");
    else if (tls_reload(tls, &err))
        log_info("certificate read", log_str("expires", tls_expires(tls)));
    else
        log_failure("the certificate stays: the new one cannot be used", &err);
}

/* Waits for a signal that ends us. */
static int wait_for_end(struct process *process, const sigset_t *signals)
{
    int signal_number = 0;

    while (sigwait(signals, &signal_number) == 0 && signal_number == SIGHUP)
        reload(process);
    return signal_number;
}

static int run(struct process *process)
{
    struct error err = {0};
    sigset_t signals;
    bool started;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by every thread */
    signal(SIGPIPE, SIG_IGN);
    raise_limits();
    config_start_log(&process->config, "api");
    started = start(process, &err);
    if (started) {
        log_ready(process);
        log_info("api stops", log_str("signal", strsignal(wait_for_end(process, &signals))));
    } else {
        log_error("api cannot start", log_str("error", err.message), log_str("detail", err.detail));
    }
    stop(process);
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **arguments)
{
    static struct process process; /* large, and zeroed */
    const char *command = count > 1 ? arguments[1] : "";

    if (strcmp(command, "--help") == 0) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (strcmp(command, "--version") == 0) {
        puts("trainyard-api " TRAINYARD_VERSION);
        return EXIT_SUCCESS;
    }
    if (*command != '\0') {
        fprintf(stderr, "trainyard-api knows no '%s'; see trainyard-api --help\n", command);
        return EXIT_FAILURE;
    }
    return load_config(&process) ? run(&process) : EXIT_FAILURE;
}
