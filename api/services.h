/*
 * services.h - the objects an API process is made of; main builds them and hands them down.
 */
#ifndef TRAINYARD_API_SERVICES_H
#define TRAINYARD_API_SERVICES_H

struct services {
    const struct config *config;
    const char *instance_id; /* new at each start */
    struct pg_pool *db;
    struct publisher *publisher; /* jobs and dead letters to Kafka */
    struct relay *relay;         /* events to Kafka */
    struct blobs *blobs;
    struct metrics *metrics;
    struct key_cache *keys;
    struct turns *turns;             /* of requests that come more than once */
    struct failed_keys *failed_keys; /* NULL: addresses may fail as often as they like */
    struct model_cache *models;      /* loaded artifacts */
    struct log_hub *logs;            /* followers of build logs */
    struct job_hub *jobs;            /* those who wait for the end of jobs */
    const char *signing_key;         /* of upload URLs */
    const char *worker_program;      /* path of trainyard-worker, next to this program */
    struct traffic *traffic;         /* counts of requests */
    struct tls *tls;                 /* of all ports; NULL: they speak plain HTTP */
    struct adapter *adapter;         /* the ports */
};

#endif
