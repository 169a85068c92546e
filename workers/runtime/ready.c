/* ready.c - see ready.h. A ring: jobs leave in the order they came. */
#include "workers/runtime/ready.h"

#include <stdlib.h>
#include <string.h>

/* Beyond READY_FULL: room for what was fetched before the pause, and for what is given back. */
enum { OVERRUN = 100, GIVEN_BACK = 100, CAPACITY = READY_FULL + OVERRUN + GIVEN_BACK };

struct ready {
    size_t first;
    size_t count;
    struct ready_job jobs[CAPACITY];
};

struct ready *ready_new(struct error *err)
{
    struct ready *ready = calloc(1, sizeof *ready);

    if (ready == NULL)
        error_no_memory(err);
    return ready;
}

void ready_free(struct ready *ready)
{
    free(ready);
}

static bool account_is_full(const struct ready *ready, const char *account)
{
    size_t of_account = 0;

    for (size_t at = 0; at < ready->count && of_account < READY_OF_ACCOUNT; at++)
        of_account += strcmp(ready->jobs[(ready->first + at) % CAPACITY].account, account) == 0;
    return of_account >= READY_OF_ACCOUNT;
}

bool ready_add(struct ready *ready, const struct ready_job *job)
{
    if (ready->count >= READY_FULL + OVERRUN ||
        (ready->count >= READY_OF_ACCOUNT && account_is_full(ready, job->account)))
        return false;
    ready->jobs[(ready->first + ready->count++) % CAPACITY] = *job;
    return true;
}

size_t ready_take(struct ready *ready, struct ready_job *jobs, size_t most)
{
    size_t taken = 0;

    while (taken < most && ready->count > 0) {
        jobs[taken++] = ready->jobs[ready->first];
        ready->first = (ready->first + 1) % CAPACITY;
        ready->count--;
    }
    return taken;
}

void ready_return(struct ready *ready, const struct ready_job *jobs, size_t count)
{
    for (size_t at = count; at > 0 && ready->count < CAPACITY; at--) {
        ready->first = (ready->first + CAPACITY - 1) % CAPACITY;
        ready->jobs[ready->first] = jobs[at - 1];
        ready->count++;
    }
}

size_t ready_count(const struct ready *ready)
{
    return ready->count;
}
