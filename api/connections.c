/* connections.c - see connections.h. */
#include "api/connections.h"

#include "infra/base/clock.h"
#include "infra/base/thread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { LOOK_MS = 1000 };

struct connection {
    /* guarded by connections->lock */
    struct connection *next;
    struct connection **link; /* what points here */
    int socket;
    /* read-only after _open */
    bool crowded;
    /* any thread */
    atomic_int_least64_t since_ms; /* we wait for the client since; 0: we do not */
};

struct connections {
    /* read-only after _new */
    size_t most;
    int64_t wait_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    /* guarded by lock */
    bool stop;
    struct connection *first;
    /* any thread */
    atomic_size_t count;
};

/* Wakes the threads that read from clients who took too long: they see an end of the stream. */
static void shut_overdue_locked(struct connections *connections)
{
    int64_t latest_ms = clock_monotonic_ms() - connections->wait_ms;

    for (struct connection *one = connections->first; one != NULL; one = one->next) {
        int64_t since_ms = atomic_load_explicit(&one->since_ms, memory_order_relaxed);

        if (since_ms != 0 && since_ms < latest_ms) {
            shutdown(one->socket, SHUT_RDWR);
            connection_waits(one); /* once is enough for a while */
        }
    }
}

static void *watch(void *context)
{
    struct connections *connections = context;

    pthread_mutex_lock(&connections->lock);
    while (!connections->stop) {
        cond_wait(&connections->ended, &connections->lock,
                  connections->wait_ms < LOOK_MS ? connections->wait_ms : LOOK_MS);
        shut_overdue_locked(connections);
    }
    pthread_mutex_unlock(&connections->lock);
    return NULL;
}

struct connections *connections_new(size_t most, int64_t wait_ms, struct error *err)
{
    struct connections *connections = calloc(1, sizeof *connections);

    if (connections == NULL) {
        error_no_memory(err);
        return NULL;
    }
    connections->most = most;
    connections->wait_ms = wait_ms;
    pthread_mutex_init(&connections->lock, NULL);
    cond_init(&connections->ended);
    if (thread_start(&connections->thread, watch, connections, err))
        return connections;
    pthread_cond_destroy(&connections->ended);
    pthread_mutex_destroy(&connections->lock);
    free(connections);
    return NULL;
}

void connections_free(struct connections *connections)
{
    if (connections == NULL)
        return;
    pthread_mutex_lock(&connections->lock);
    connections->stop = true;
    pthread_cond_signal(&connections->ended);
    pthread_mutex_unlock(&connections->lock);
    pthread_join(connections->thread, NULL);
    pthread_cond_destroy(&connections->ended);
    pthread_mutex_destroy(&connections->lock);
    free(connections);
}

struct connection *connection_open(struct connections *connections, int socket)
{
    struct connection *connection = calloc(1, sizeof *connection);
    size_t others = atomic_fetch_add(&connections->count, 1);

    if (connection == NULL)
        return NULL;
    connection->crowded = others >= connections->most;
    connection->socket = socket;
    connection_waits(connection);
    pthread_mutex_lock(&connections->lock);
    connection->next = connections->first;
    connection->link = &connections->first;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    connections->first = connection;
    pthread_mutex_unlock(&connections->lock);
    return connection;
}

void connection_close(struct connections *connections, struct connection *connection)
{
    atomic_fetch_sub(&connections->count, 1);
    if (connection == NULL)
        return;
    pthread_mutex_lock(&connections->lock);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    pthread_mutex_unlock(&connections->lock);
    free(connection);
}

bool connection_is_crowded(const struct connection *connection)
{
    return connection != NULL && connection->crowded;
}

void connection_waits(struct connection *connection)
{
    if (connection != NULL)
        atomic_store_explicit(&connection->since_ms, clock_monotonic_ms(), memory_order_relaxed);
}

void connection_works(struct connection *connection)
{
    if (connection != NULL)
        atomic_store_explicit(&connection->since_ms, 0, memory_order_relaxed);
}

size_t connections_count(struct connections *connections)
{
    return atomic_load(&connections->count);
}

size_t connections_busy(struct connections *connections)
{
    size_t busy = 0;

    pthread_mutex_lock(&connections->lock);
    for (struct connection *one = connections->first; one != NULL; one = one->next)
        busy += atomic_load_explicit(&one->since_ms, memory_order_relaxed) == 0;
    pthread_mutex_unlock(&connections->lock);
    return busy;
}
