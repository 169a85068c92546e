/*
 * build.h - the pools build and retrain: make a model of a dataset and an intent.
 *
 * The work is done in a child (build_child.h); here its job is prepared and its artifact kept.
 */
#ifndef TRAINYARD_WORKERS_BUILD_BUILD_H
#define TRAINYARD_WORKERS_BUILD_BUILD_H

#include "workers/runtime/handler.h"

struct blobs;
struct pg_pool;

/* What builds need; borrowed by the handler, must outlive it. */
struct build_services {
    struct blobs *blobs;
    int memory_mb; /* limit of a child */
    int timeout_s; /* limit of a build; a job may ask for less */
    struct pg_pool *db;
    int fetch_most_mb; /* of a table that a URL names */
    int fetch_timeout_s;
    bool fetch_private; /* also from addresses that are not public */
};

/* Both do the same; the messages of retrains name a base, which the child keeps to. */
struct handler build_handler(struct build_services *services);
struct handler retrain_handler(struct build_services *services);

#endif
