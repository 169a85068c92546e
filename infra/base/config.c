/* config.c - the table of settings, and how they are read. */
#include "infra/base/config.h"

#include "infra/base/log.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind { TEXT, NUMBER, CHOICE };

struct setting {
    const char *name;
    int programs;
    enum kind kind;
    size_t offset;
    const char *fallback; /* NULL: must be given */
    long least, most;     /* NUMBER */
    const char *choices;  /* CHOICE: words between spaces */
    const char *help;
};

enum {
    SERVERS = CONFIG_API | CONFIG_WORKER,
    DATABASE = SERVERS | CONFIG_CLI,
    BROKERS = SERVERS | CONFIG_TOPICS,
    LOGS = DATABASE | CONFIG_TOPICS,
};

#define AT(field) offsetof(struct config, field)

static const struct setting SETTINGS[] = {
    {"DATABASE_URL", DATABASE, TEXT, AT(database_url), NULL, 0, 0, NULL,
     "PostgreSQL, such as postgresql://user:password@127.0.0.1:5432/trainyard"},
    {"KAFKA_BROKERS", BROKERS, TEXT, AT(kafka_brokers), "127.0.0.1:9092", 0, 0, NULL,
     "Kafka brokers, host:port[,host:port]"},
    {"TOPIC_PREFIX", BROKERS, TEXT, AT(topic_prefix), "trainyard", 0, 0, NULL,
     "what the names of all topics and groups begin with"},
    {"TOPIC_REPLICATION", CONFIG_TOPICS, NUMBER, AT(topic_replication), "1", 1, 9, NULL,
     "copies of each partition of new topics; 3 on a cluster"},
    {"BLOB_DIR", SERVERS, TEXT, AT(blob_dir), NULL, 0, 0, NULL,
     "folder of datasets and models, shared by all programs"},
    {"BIND", SERVERS, TEXT, AT(bind), "127.0.0.1", 0, 0, NULL,
     "address to listen on; 0.0.0.0 for all"},
    {"PORT", CONFIG_API, NUMBER, AT(port), "8080", 0, 65535, NULL,
     "main port: everything is answered here"},
    {"PREDICT_PORT", CONFIG_API, NUMBER, AT(predict_port), "8081", 0, 65535, NULL,
     "port of the fast listener: predictions only"},
    {"UPLOAD_PORT", CONFIG_API, NUMBER, AT(upload_port), "8082", 0, 65535, NULL,
     "port that takes files by signed PUT"},
    {"METRICS_PORT", CONFIG_WORKER, NUMBER, AT(metrics_port), "9100", 0, 65535, NULL,
     "port of /metrics, /healthz and /readyz; 0: none"},
    {"TLS_CERT", CONFIG_API, TEXT, AT(tls_cert), "", 0, 0, NULL,
     "file of the ports' certificate (PEM, its chain after it); SIGHUP reads it again"},
    {"TLS_KEY", CONFIG_API, TEXT, AT(tls_key), "", 0, 0, NULL, "file of its key (PEM)"},
    {"PUBLIC_URL", CONFIG_API, TEXT, AT(public_url), "", 0, 0, NULL,
     "how clients reach the main port (default: http://BIND:PORT, https with TLS)"},
    {"PREDICT_URL", CONFIG_API, TEXT, AT(predict_url), "", 0, 0, NULL,
     "how clients reach predictions (default: the public URL)"},
    {"UPLOAD_URL", CONFIG_API, TEXT, AT(upload_url), "", 0, 0, NULL,
     "how clients reach the upload port (default: http://BIND:UPLOAD_PORT, https with TLS)"},
    {"ROLES", CONFIG_API, CHOICE, AT(roles), "manage,predict", 0, 0, "manage,predict predict",
     "'predict' alone makes a model server"},
    {"POOLS", CONFIG_WORKER, TEXT, AT(pools), "build,retrain,deploy,predict,logs", 0, 0, NULL,
     "pools this worker serves, between commas"},
    {"SLOTS", CONFIG_WORKER, NUMBER, AT(slots), "0", 0, 1000, NULL,
     "jobs of a pool that run at once; 0: one a core"},
    {"GRACE_S", SERVERS, NUMBER, AT(grace_s), "30", 0, 86400, NULL,
     "seconds that running jobs and requests get to end after SIGTERM"},
    {"MAX_BODY_KB", CONFIG_API, NUMBER, AT(max_body_kb), "10240", 1, 1048576, NULL,
     "largest JSON body, in KiB"},
    {"MAX_UPLOAD_MB", SERVERS, NUMBER, AT(max_upload_mb), "5120", 1, 1048576, NULL,
     "largest uploaded or fetched file, in MiB"},
    {"MAX_CONNECTIONS", CONFIG_API, NUMBER, AT(max_connections), "1000", 4, 100000, NULL,
     "connections a port holds; further ones get 503"},
    {"BATCH_WAIT_S", CONFIG_API, NUMBER, AT(batch_wait_s), "60", 0, 600, NULL,
     "seconds that an array of predictions is waited for; then the job is the answer"},
    {"FAILED_KEYS_PER_15MIN", CONFIG_API, NUMBER, AT(failed_keys_per_15min), "0", 0, 1000000, NULL,
     "wrong API keys an address may send; more are refused with 429; 0: no limit"},
    {"MODEL_CACHE_MB", CONFIG_API, NUMBER, AT(model_cache_mb), "1024", 1, 1048576, NULL,
     "memory for loaded models, in MiB"},
    {"CHILD_MEMORY_MB", SERVERS, NUMBER, AT(child_memory_mb), "4096", 256, 1048576, NULL,
     "memory limit of a build or of reading a file, in MiB"},
    {"BUILD_TIMEOUT_S", CONFIG_WORKER, NUMBER, AT(build_timeout_s), "3600", 1, 604800, NULL,
     "a build that runs longer is ended"},
    {"DEPLOY_WAIT_S", CONFIG_WORKER, NUMBER, AT(deploy_wait_s), "300", 1, 86400, NULL,
     "a deployment whose replicas get no further for so long fails"},
    {"FETCH_TIMEOUT_S", CONFIG_WORKER, NUMBER, AT(fetch_timeout_s), "600", 1, 86400, NULL,
     "seconds that fetching a table from a URL may take"},
    {"FETCH_PRIVATE", CONFIG_WORKER, CHOICE, AT(fetch_private), "refuse", 0, 0, "refuse allow",
     "tables at URLs that lead to private addresses"},
    {"LOG_FORMAT", LOGS, CHOICE, AT(log_format), "auto", 0, 0, "auto json human",
     "lines on stderr: json, human, or human at a terminal only (auto)"},
    {"LOG_LEVEL", LOGS, CHOICE, AT(log_level), "info", 0, 0, "debug info warning error",
     "the least level that is written"},
    {"URL", CONFIG_CLIENT, TEXT, AT(url), "http://127.0.0.1:8080", 0, 0, NULL, "where the API is"},
    {"API_KEY", CONFIG_CLIENT, TEXT, AT(api_key), "", 0, 0, NULL,
     "the key; commands of clients want one"},
    {"CA_FILE", CONFIG_CLIENT, TEXT, AT(ca_file), "", 0, 0, NULL,
     "certificates to trust instead of the machine's"},
};

enum { SETTINGS_COUNT = sizeof SETTINGS / sizeof *SETTINGS };

static bool is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);

    if (strchr(value, ' ') != NULL) /* two words of the list are no word */
        return false;
    for (const char *word = choices; word != NULL; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (strncmp(word, value, length) == 0 && (word[length] == ' ' || word[length] == '\0'))
            return true;
    }
    return false;
}

static void read_number(struct config *config, const struct setting *setting, const char *value,
                        struct buffer *problems)
{
    char *end;
    long number = strtol(value, &end, 10);

    if (*value == '\0' || *end != '\0' || number < setting->least || number > setting->most)
        buffer_printf(problems, "TRAINYARD_%s is '%s': give a whole number from %ld to %ld\n",
                      setting->name, value, setting->least, setting->most);
    else
        *(int *)((char *)config + setting->offset) = (int)number;
}

static void read_setting(struct config *config, const struct setting *setting, const char *value,
                         struct buffer *problems)
{
    if (value == NULL)
        value = setting->fallback;
    if (value == NULL || (*value == '\0' && setting->fallback == NULL))
        buffer_printf(problems, "TRAINYARD_%s is not set: %s\n", setting->name, setting->help);
    else if (setting->kind == NUMBER)
        read_number(config, setting, value, problems);
    else if (setting->kind == CHOICE && !is_choice(setting->choices, value))
        buffer_printf(problems, "TRAINYARD_%s is '%s': give one of: %s\n", setting->name, value,
                      setting->choices);
    else if (strlen(value) >= CONFIG_TEXT_BYTES)
        buffer_printf(problems, "TRAINYARD_%s is longer than %d bytes\n", setting->name,
                      CONFIG_TEXT_BYTES - 1);
    else
        strcpy((char *)config + setting->offset, value);
}

static void default_url(char url[static CONFIG_TEXT_BYTES], const char *scheme, const char *bind,
                        int port)
{
    size_t length = strlen(url);

    while (length > 0 && url[length - 1] == '/')
        url[--length] = '\0';
    if (length == 0)
        snprintf(url, CONFIG_TEXT_BYTES, "%s://%.400s:%d", scheme,
                 strcmp(bind, "0.0.0.0") == 0 ? "127.0.0.1" : bind, port);
}

bool config_load(struct config *config, enum config_program program, config_lookup lookup,
                 struct buffer *problems)
{
    char name[64];

    *config = (struct config){0};
    for (size_t at = 0; at < SETTINGS_COUNT; at++) {
        if ((SETTINGS[at].programs & (int)program) == 0)
            continue;
        snprintf(name, sizeof name, "TRAINYARD_%s", SETTINGS[at].name);
        read_setting(config, &SETTINGS[at], lookup(name), problems);
    }
    if (program == CONFIG_API) {
        const char *scheme = *config->tls_cert == '\0' ? "http" : "https";

        if ((*config->tls_cert == '\0') != (*config->tls_key == '\0'))
            buffer_add_text(problems, "TRAINYARD_TLS_CERT and TRAINYARD_TLS_KEY: give both files, "
                                      "or none for plain HTTP\n");
        default_url(config->public_url, scheme, config->bind, config->port);
        default_url(config->upload_url, scheme, config->bind, config->upload_port);
        if (*config->predict_url == '\0')
            strcpy(config->predict_url, config->public_url);
        default_url(config->predict_url, scheme, config->bind, config->predict_port);
    }
    return problems->length == 0 && !problems->failed;
}

void config_help(FILE *out, enum config_program program)
{
    fprintf(out, "Settings, from the environment:\n");
    for (size_t at = 0; at < SETTINGS_COUNT; at++) {
        const struct setting *setting = &SETTINGS[at];

        if ((setting->programs & (int)program) == 0)
            continue;
        fprintf(out, "  TRAINYARD_%-18s %s", setting->name, setting->help);
        if (setting->fallback == NULL)
            fprintf(out, " (must be set)\n");
        else if (*setting->fallback != '\0')
            fprintf(out, " (default: %s)\n", setting->fallback);
        else
            fprintf(out, "\n");
    }
}

void config_start_log(const struct config *config, const char *program)
{
    static const char *const LEVELS[] = {"debug", "info", "warning", "error"};
    bool human = strcmp(config->log_format, "human") == 0 ||
                 (strcmp(config->log_format, "auto") == 0 && isatty(STDERR_FILENO));
    int level = LOG_DEBUG;

    while (level < LOG_ERROR && strcmp(LEVELS[level], config->log_level) != 0)
        level++;
    log_init(program, human ? LOG_HUMAN : LOG_JSON, (enum log_level)level);
}
