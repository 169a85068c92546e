/*
 * put_listener.h - the port that takes files by signed PUT.
 *
 * A small libmicrohttpd listener, since ulfius would keep a raw body whole in memory. Signature,
 * time, length and type are checked before the body; the body goes to a temporary file of the blob
 * store, with its digest on the way, and is kept only if it came whole. Threads are its own.
 */
#ifndef TRAINYARD_API_PUT_LISTENER_H
#define TRAINYARD_API_PUT_LISTENER_H

#include "infra/base/error.h"

struct put_listener;
struct services;

/*
 * Listens on config->bind and config->upload_port (0: a free one). Borrows services, of which it
 * uses config, db, blobs and signing_key. NULL on failure (ERROR_UNAVAILABLE).
 */
MUST_CHECK struct put_listener *put_listener_new(struct services *services, struct error *err);

/* Ends running uploads and closes the port. NULL is allowed. */
void put_listener_free(struct put_listener *listener);

int put_listener_port(const struct put_listener *listener);

#endif
