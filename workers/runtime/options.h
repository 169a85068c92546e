/*
 * options.h - how a worker's runtime is set up; runtime_options_default() gives the design's
 * values.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_OPTIONS_H
#define TRAINYARD_WORKERS_RUNTIME_OPTIONS_H

#include "infra/kafka/settings.h"

#include <stddef.h>

struct runtime_options {
    const char *database_url;
    struct kafka_settings kafka;
    const char *instance_id;  /* new at each start: the owner of leases */
    const char *const *pools; /* what the instance says it serves */
    size_t pools_count;
    int slots;            /* jobs of a pool that run at once */
    int lease_s;          /* how long a lease lasts without renewal */
    int renew_ms;         /* between renewals, and between looks for leases that ran out */
    int cancel_ms;        /* between looks for cancelled jobs */
    int waiting_ms;       /* between looks for waiting jobs when nothing hints at one */
    int waiting_least_ms; /* between such looks when there is a backlog */
};

struct runtime_options runtime_options_default(void);

#endif
