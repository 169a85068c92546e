/* failed_keys.c - see failed_keys.h. */
#include "api/failed_keys.h"

#include "infra/base/ids.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 512, WAYS = 8 };

/* An address and its failures; count 0: the place is free. */
struct failure {
    uint64_t address;
    int64_t until_ms;
    int count;
};

struct failed_keys {
    int most; /* read-only after _new */
    uint64_t seed;
    pthread_mutex_t lock;
    struct failure sets[SETS][WAYS]; /* guarded by lock */
};

struct failed_keys *failed_keys_new(int most, struct error *err)
{
    struct failed_keys *failed = calloc(1, sizeof *failed);

    if (failed == NULL) {
        error_no_memory(err);
        return NULL;
    }
    failed->most = most;
    random_bytes(&failed->seed, sizeof failed->seed);
    pthread_mutex_init(&failed->lock, NULL);
    return failed;
}

void failed_keys_free(struct failed_keys *failed)
{
    if (failed == NULL)
        return;
    pthread_mutex_destroy(&failed->lock);
    free(failed);
}

/* What counts of an address, as a number. */
static uint64_t number_of(const struct sockaddr *address)
{
    uint64_t number = 0;

    if (address == NULL)
        return 0;
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;

        if (!IN6_IS_ADDR_V4MAPPED(six)) {
            memcpy(&number, six, sizeof number);
            return number;
        }
        memcpy(&number, &six->s6_addr[12], 4);
    } else if (address->sa_family == AF_INET) {
        memcpy(&number, &((const struct sockaddr_in *)address)->sin_addr, 4);
    }
    return number;
}

/* The set of an address, which nobody can foretell. */
static struct failure *set_of(struct failed_keys *failed, uint64_t address)
{
    uint64_t mixed = (address ^ failed->seed) * 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93u;
    return failed->sets[(mixed >> 32) % SETS];
}

static struct failure *find_locked(struct failed_keys *failed, uint64_t address, int64_t now_ms)
{
    struct failure *set = set_of(failed, address);

    for (int way = 0; way < WAYS; way++)
        if (set[way].count > 0 && set[way].address == address && set[way].until_ms > now_ms)
            return &set[way];
    return NULL;
}

int failed_keys_wait_s(struct failed_keys *failed, const struct sockaddr *address, int64_t now_ms)
{
    struct failure *failure;
    int wait_s = 0;

    pthread_mutex_lock(&failed->lock);
    failure = find_locked(failed, number_of(address), now_ms);
    if (failure != NULL && failure->count >= failed->most)
        wait_s = (int)((failure->until_ms - now_ms + 999) / 1000);
    pthread_mutex_unlock(&failed->lock);
    return wait_s;
}

/* A free place, or that of the failures that are forgotten first anyway. */
static struct failure *make_place_locked(struct failed_keys *failed, uint64_t address)
{
    struct failure *set = set_of(failed, address);
    struct failure *place = &set[0];

    for (int way = 1; way < WAYS; way++)
        if (set[way].until_ms < place->until_ms)
            place = &set[way];
    return place;
}

void failed_keys_note(struct failed_keys *failed, const struct sockaddr *address, int64_t now_ms)
{
    uint64_t number = number_of(address);
    struct failure *failure;

    pthread_mutex_lock(&failed->lock);
    failure = find_locked(failed, number, now_ms);
    if (failure == NULL) {
        failure = make_place_locked(failed, number);
        *failure = (struct failure){.address = number,
                                    .until_ms = now_ms + (int64_t)FAILED_KEYS_PERIOD_S * 1000};
    }
    failure->count++;
    pthread_mutex_unlock(&failed->lock);
}
