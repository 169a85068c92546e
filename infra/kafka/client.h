/*
 * client.h - what producer, consumer and topics share of librdkafka: configuration and names.
 *
 * Only the files of this folder include it.
 */
#ifndef TRAINYARD_INFRA_KAFKA_CLIENT_H
#define TRAINYARD_INFRA_KAFKA_CLIENT_H

#include "infra/base/error.h"
#include "infra/kafka/settings.h"

#include <librdkafka/rdkafka.h>

enum { KAFKA_NAME_BYTES = 256, KAFKA_CLOSE_S = 10 };

/* One property. A table of them ends with a NULL name. */
struct kafka_property {
    const char *name;
    const char *value;
};

/*
 * A configuration with our defaults, then the table's properties. NULL on failure
 * (ERROR_INTERNAL). Free with rd_kafka_conf_destroy(), unless a client took it.
 */
MUST_CHECK rd_kafka_conf_t *kafka_conf_new(const struct kafka_settings *settings,
                                           const struct kafka_property *properties,
                                           struct error *err);

/* PREFIX.NAME, cut at KAFKA_NAME_BYTES. */
void kafka_name(const struct kafka_settings *settings, const char *name,
                char full[static KAFKA_NAME_BYTES]);

#endif
