/*
 * server.h - a small HTTP listener for /metrics, /healthz and /readyz of programs that have no
 * other.
 */
#ifndef TRAINYARD_INFRA_METRICS_SERVER_H
#define TRAINYARD_INFRA_METRICS_SERVER_H

#include "infra/metrics/metrics.h"

struct metrics_server;

/* Whether the process can do its work; on its own thread. */
typedef bool (*ready_check)(void *context, struct error *err);
/* Called before the metrics are rendered, to set what is only read when asked for. May be NULL. */
typedef void (*metrics_collect)(void *context, struct metrics *metrics);

/* NULL on failure (ERROR_UNAVAILABLE): the port is taken. Free with metrics_server_free(). */
MUST_CHECK struct metrics_server *metrics_server_new(const char *bind, int port,
                                                     struct metrics *metrics, ready_check ready,
                                                     metrics_collect collect, void *context,
                                                     struct error *err);
void metrics_server_free(struct metrics_server *server);

#endif
