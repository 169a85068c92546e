/*
 * connections.h - the open connections of a port, and how long each keeps us waiting.
 *
 * A client has CONNECTION_WAIT_S to send a request whole, however slowly it drips: one thread looks
 * every second and shuts the sockets of those who took longer. Every function may be called from
 * any thread, for one connection from one at a time.
 */
#ifndef TRAINYARD_API_CONNECTIONS_H
#define TRAINYARD_API_CONNECTIONS_H

#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct connection;
struct connections;

enum { CONNECTION_WAIT_S = 30 };

/*
 * Starts the thread. most: how many connections may be open; wait_ms: how long a request may take
 * to come in. NULL: ERROR_NO_MEMORY.
 */
MUST_CHECK struct connections *connections_new(size_t most, int64_t wait_ms, struct error *err);

/* Stops the thread; all connections must be closed. NULL is allowed. */
void connections_free(struct connections *connections);

/* A socket was accepted; NULL when memory runs out, which all functions below accept. */
struct connection *connection_open(struct connections *connections, int socket);
/* Called before the socket is closed. */
void connection_close(struct connections *connections, struct connection *connection);

/* Whether it was one too many when it was opened. */
bool connection_is_crowded(const struct connection *connection);

/* From now on we wait for the client (again). */
void connection_waits(struct connection *connection);
/* From now on the client waits for us: the request is whole. */
void connection_works(struct connection *connection);

size_t connections_count(struct connections *connections);

/* How many clients wait for us. */
size_t connections_busy(struct connections *connections);

#endif
