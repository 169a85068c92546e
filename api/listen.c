/* listen.c - see listen.h. */
#include "api/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int bind_to(const struct addrinfo *where)
{
    int one = 1;
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    one = errno;
    close(fd);
    errno = one;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

int listen_open(const char *address, int *port, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char service[16];
    int failure;
    int fd = -1;

    snprintf(service, sizeof service, "%d", *port);
    failure = getaddrinfo(address, service, &hints, &found);
    if (failure != 0) {
        error_set(err, ERROR_UNAVAILABLE, "TRAINYARD_BIND is '%.100s': that is no address of ours",
                  address);
        error_detail(err, "getaddrinfo: %s", gai_strerror(failure));
        return -1;
    }
    for (const struct addrinfo *where = found; where != NULL && fd < 0; where = where->ai_next)
        fd = bind_to(where);
    if (fd < 0) {
        error_set(err, ERROR_UNAVAILABLE, "could not listen on %.100s port %d: %.60s", address,
                  *port, strerror(errno));
    } else {
        *port = port_of(fd);
    }
    freeaddrinfo(found);
    return fd;
}
