/* client.c - see client.h. */
#include "infra/kafka/client.h"

#include "infra/base/log.h"

#include <stdio.h>

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    /* 2 is LOG_CRIT of syslog; a broker that is away is told by what fails because of it, once, not
     * every second */
    if (level <= 2)
        log_warning("kafka", log_str("facility", facility), log_str("text", text));
    else
        log_debug("kafka", log_str("facility", facility), log_str("text", text));
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char reason[256];

    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) == RD_KAFKA_CONF_OK)
        return true;
    error_set(err, ERROR_INTERNAL, "the connection to Kafka could not be set up");
    return error_detail(err, "%s=%s: %s", name, value, reason);
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_settings *settings,
                                const struct kafka_property *properties, struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool ok = set(conf, "bootstrap.servers", settings->brokers, err) &&
              set(conf, "client.id", "trainyard", err) &&
              set(conf, "socket.nagle.disable", "true", err) && /* the default only since 2.10 */
              set(conf, "reconnect.backoff.max.ms", "1000", err) &&
              set(conf, "log.connection.close", "false", err);

    for (; ok && properties->name != NULL; properties++)
        ok = set(conf, properties->name, properties->value, err);
    if (!ok) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    return conf;
}

void kafka_name(const struct kafka_settings *settings, const char *name,
                char full[static KAFKA_NAME_BYTES])
{
    snprintf(full, KAFKA_NAME_BYTES, "%s.%s", settings->prefix, name);
}
