/*
 * address.h - which addresses a stranger's URL may lead to. Pure functions; any thread.
 */
#ifndef TRAINYARD_WORKERS_FETCH_ADDRESS_H
#define TRAINYARD_WORKERS_FETCH_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT_BYTES = 64 };

/*
 * Whether an address is of the public Internet: not private, loopback, link-local, shared by a
 * carrier, multicast, reserved, nor any of these in the disguise of an IPv6 address. Of other
 * families than IPv4 and IPv6 none is.
 */
bool address_is_public(const struct sockaddr *address, size_t size);

/* The address as people write it. */
void address_text(const struct sockaddr *address, size_t size,
                  char text[static ADDRESS_TEXT_BYTES]);

#endif
