/*
 * pool_private.h - what the three parts of a pool share: intake.c, dispatch.c, slots.c.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_POOL_PRIVATE_H
#define TRAINYARD_WORKERS_RUNTIME_POOL_PRIVATE_H

#include "workers/runtime/pool.h"
#include "workers/runtime/ready.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CLAIM_BATCH_MOST = 100, BROKEN_MOST = 100 };

struct consumer;

/* A message that could not be decoded, on its way to the dead letters. */
struct broken {
    int partition;
    int64_t offset;
    char *letter;
    char key[32];
    struct broken *next;
};

/* A claimed job that waits for its slot's thread. */
struct claimed {
    struct run *run;
    struct claimed *next;
};

struct pool {
    /* read-only after _new */
    struct pool_services services;
    const struct handler *handler;
    char labels[64]; /* of the pool's metrics */
    struct consumer *consumer;
    pthread_t intake;
    pthread_t dispatcher;
    pthread_t *slots;
    int slots_count;
    int64_t started_ms;

    atomic_bool draining;

    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something for the dispatcher */
    pthread_cond_t filled;  /* something for a slot */
    struct ready *ready;
    struct broken *broken;
    size_t broken_count;
    struct claimed *first;
    struct claimed **last;
    int busy;          /* slots taken by claimed and running jobs */
    bool backlog;      /* jobs are known to wait in PostgreSQL */
    bool freed;        /* a finish freed a key or a limit since the last look at what waits */
    bool slots_end;    /* no more jobs will be claimed */
    int64_t looked_ms; /* when the last look at what waits began */

    /* dispatcher only */
    unsigned turn;
};

/* The threads of a pool; context is the pool. */
void *pool_intake(void *context);
void *pool_dispatch(void *context);
void *pool_slot(void *context);

#endif
