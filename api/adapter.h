/*
 * adapter.h - the ports: what comes over HTTP becomes a call, what is replied goes back.
 *
 * Two listeners of ulfius, which adapter.c alone knows. The main port has a thread for each
 * connection, so its handlers may wait; it answers everything. The predict port has a few threads
 * for all connections (epoll): it answers predictions only, three times as fast, and its handlers
 * must not wait.
 */
#ifndef TRAINYARD_API_ADAPTER_H
#define TRAINYARD_API_ADAPTER_H

#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct adapter;
struct services;

/*
 * Opens both ports of the configuration (0: a free one); clients wait. Borrows services. NULL on
 * failure: ERROR_UNAVAILABLE, such as for a port that is taken.
 */
MUST_CHECK struct adapter *adapter_new(struct services *services, struct error *err);

/* Begins to answer; from here on nobody changes services. ERROR_UNAVAILABLE. */
MUST_CHECK bool adapter_start(struct adapter *adapter, struct error *err);

/* Takes no more connections and waits up to grace_ms for the requests that are being answered. */
void adapter_drain(struct adapter *adapter, int64_t grace_ms);

/* Closes everything; waits for handlers that still run. NULL is allowed. */
void adapter_free(struct adapter *adapter);

int adapter_port(const struct adapter *adapter);
int adapter_predict_port(const struct adapter *adapter);

/* How many connections the two ports have. */
void adapter_connections(struct adapter *adapter, size_t *main_port, size_t *predict_port);

#endif
