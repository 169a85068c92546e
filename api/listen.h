/*
 * listen.h - opens a socket that takes connections.
 */
#ifndef TRAINYARD_API_LISTEN_H
#define TRAINYARD_API_LISTEN_H

#include "infra/base/error.h"

/*
 * Listens on an address and a port (0: a free one); *port is then the one it got. The socket is
 * non-blocking and not inherited. -1 on failure: ERROR_UNAVAILABLE says which port.
 */
MUST_CHECK int listen_open(const char *address, int *port, struct error *err);

#endif
