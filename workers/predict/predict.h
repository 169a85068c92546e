/*
 * predict.h - the predict pool: batches of predictions.
 *
 * Rows that the API has read and checked are predicted here, in the worker: they are our own bytes
 * (engine/predict/rows.h), and starting a process would take longer than most of them. Whatever a
 * client uploaded is opened in a child.
 */
#ifndef TRAINYARD_WORKERS_PREDICT_PREDICT_H
#define TRAINYARD_WORKERS_PREDICT_PREDICT_H

#include "workers/runtime/handler.h"

struct blobs;
struct metrics;

/* What batches need; borrowed by the handler, must outlive it. */
struct predict_services {
    struct blobs *blobs;
    struct metrics *metrics;
    int memory_mb; /* limit of a child */
    int timeout_s; /* limit of a batch */
};

struct handler predict_handler(struct predict_services *services);

#endif
