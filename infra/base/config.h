/*
 * config.h - the settings of a program, read from TRAINYARD_* variables of the environment.
 *
 * One table in config.c names them all, with default, limits, help and the programs that read
 * them. All mistakes are reported at once. Read-only after config_load(): any thread may look.
 */
#ifndef TRAINYARD_INFRA_BASE_CONFIG_H
#define TRAINYARD_INFRA_BASE_CONFIG_H

#include "infra/base/buffer.h"
#include "infra/base/error.h"

#include <stdio.h>

/* The commands of trainyard read what each needs: the database, Kafka, or the API. */
enum config_program {
    CONFIG_API = 1,
    CONFIG_WORKER = 2,
    CONFIG_CLI = 4,
    CONFIG_TOPICS = 8,
    CONFIG_CLIENT = 16
};

enum { CONFIG_TEXT_BYTES = 512 };

struct config {
    char database_url[CONFIG_TEXT_BYTES];
    char kafka_brokers[CONFIG_TEXT_BYTES];
    char topic_prefix[CONFIG_TEXT_BYTES];
    char blob_dir[CONFIG_TEXT_BYTES];
    char bind[CONFIG_TEXT_BYTES];
    int port;
    int predict_port;
    int upload_port;
    int metrics_port;
    char tls_cert[CONFIG_TEXT_BYTES]; /* empty: plain HTTP; else tls_key is not empty */
    char tls_key[CONFIG_TEXT_BYTES];
    char public_url[CONFIG_TEXT_BYTES];  /* never empty after config_load() */
    char predict_url[CONFIG_TEXT_BYTES]; /* never empty after config_load() */
    char upload_url[CONFIG_TEXT_BYTES];  /* never empty after config_load() */
    char pools[CONFIG_TEXT_BYTES];
    char roles[CONFIG_TEXT_BYTES];
    int slots;
    int grace_s;
    int max_body_kb;
    int max_upload_mb;
    int max_connections;
    int failed_keys_per_15min; /* 0: no limit */
    int child_memory_mb;
    int build_timeout_s;
    int fetch_timeout_s;
    char fetch_private[CONFIG_TEXT_BYTES]; /* refuse or allow */
    int deploy_wait_s;
    int model_cache_mb;
    int batch_wait_s;
    int topic_replication;
    char url[CONFIG_TEXT_BYTES];
    char api_key[CONFIG_TEXT_BYTES];
    char ca_file[CONFIG_TEXT_BYTES];
    char log_format[CONFIG_TEXT_BYTES];
    char log_level[CONFIG_TEXT_BYTES];
};

typedef char *(*config_lookup)(const char *name);

/*
 * Fills config for a program from lookup (getenv in programs). On failure problems holds one line
 * a mistake, each with the variable's name and what it wants.
 */
MUST_CHECK bool config_load(struct config *config, enum config_program program,
                            config_lookup lookup, struct buffer *problems);

/* Prints the variables that the program reads, with defaults, for --help. */
void config_help(FILE *out, enum config_program program);

/* Starts the log as the settings want it; program is a literal such as "api". */
void config_start_log(const struct config *config, const char *program);

#endif
