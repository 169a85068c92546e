/*
 * settings.h - where Kafka is, and what our names there begin with.
 */
#ifndef TRAINYARD_INFRA_KAFKA_SETTINGS_H
#define TRAINYARD_INFRA_KAFKA_SETTINGS_H

/* Borrowed texts. Topics and groups are named without the prefix everywhere: "jobs.build". */
struct kafka_settings {
    const char *brokers; /* host:port[,host:port] */
    const char *prefix;  /* a topic is called PREFIX.NAME in Kafka */
};

#endif
