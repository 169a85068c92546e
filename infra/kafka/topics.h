/*
 * topics.h - the topics that Trainyard uses, and making them.
 */
#ifndef TRAINYARD_INFRA_KAFKA_TOPICS_H
#define TRAINYARD_INFRA_KAFKA_TOPICS_H

#include "infra/base/error.h"
#include "infra/kafka/settings.h"

#include <stddef.h>

struct topic {
    const char *name; /* without the prefix */
    int partitions;
    int retention_days; /* 0: compacted */
};

/* All topics; *count is how many. */
const struct topic *topics_all(size_t *count);

/*
 * Makes the topics that are missing, with replication copies of each partition, and waits until
 * they can be used. ERROR_UNAVAILABLE when Kafka is not there, or has too few brokers.
 */
MUST_CHECK bool topics_create(const struct kafka_settings *settings, int replication,
                              struct error *err);

#endif
