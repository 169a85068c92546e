/*
 * deploy.h - the deploy pool: brings a deployment's replicas onto instances of the API, and waits
 * until all are warm.
 *
 * The instances warm them (api/replica_keeper.h); here they are placed, and placed anew when an
 * instance dies meanwhile. The deployment is ACTIVE with the finish of its job.
 */
#ifndef TRAINYARD_WORKERS_DEPLOY_DEPLOY_H
#define TRAINYARD_WORKERS_DEPLOY_DEPLOY_H

#include "workers/runtime/handler.h"

struct pg_pool;

/* What deploys need; borrowed by the handler, must outlive it. */
struct deploy_services {
    struct pg_pool *db;
    int wait_s; /* a deployment that gets no further for so long fails */
};

struct handler deploy_handler(struct deploy_services *services);

#endif
