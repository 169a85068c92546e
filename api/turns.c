/* turns.c - see turns.h. */
#include "api/turns.h"

#include "infra/base/clock.h"
#include "infra/base/thread.h"

#include <stdlib.h>
#include <string.h>

/* One (account, key) that somebody has or waits for. Guarded by the lock of all. */
struct turn {
    struct turn *next;
    size_t users; /* those who have it or wait for it */
    bool taken;
    bool answered; /* all may pass */
    pthread_cond_t free;
    const char *key; /* behind the account */
    char account[];
};

struct turns {
    pthread_mutex_t lock;
    struct turn *first; /* guarded by lock: as many as there are keys in flight, that is few */
};

struct turns *turns_new(struct error *err)
{
    struct turns *turns = calloc(1, sizeof *turns);

    if (turns == NULL) {
        error_no_memory(err);
        return NULL;
    }
    pthread_mutex_init(&turns->lock, NULL);
    return turns;
}

void turns_free(struct turns *turns)
{
    if (turns == NULL)
        return;
    pthread_mutex_destroy(&turns->lock);
    free(turns);
}

static struct turn *find_locked(const struct turns *turns, const char *account, const char *key)
{
    struct turn *turn = turns->first;

    while (turn != NULL && (strcmp(turn->key, key) != 0 || strcmp(turn->account, account) != 0))
        turn = turn->next;
    return turn;
}

static struct turn *add_locked(struct turns *turns, const char *account, const char *key)
{
    size_t account_size = strlen(account) + 1;
    size_t key_size = strlen(key) + 1;
    struct turn *turn = malloc(sizeof *turn + account_size + key_size);

    if (turn == NULL)
        return NULL;
    *turn = (struct turn){.next = turns->first, .key = turn->account + account_size};
    memcpy(turn->account, account, account_size);
    memcpy(turn->account + account_size, key, key_size);
    cond_init(&turn->free);
    turns->first = turn;
    return turn;
}

static void leave_locked(struct turns *turns, struct turn *turn)
{
    struct turn **link = &turns->first;

    if (--turn->users > 0)
        return;
    while (*link != turn)
        link = &(*link)->next;
    *link = turn->next;
    pthread_cond_destroy(&turn->free);
    free(turn);
}

struct turn *turns_begin(struct turns *turns, const char *account, const char *key, int64_t wait_ms,
                         struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
    int64_t left_ms = wait_ms;
    struct turn *turn;

    pthread_mutex_lock(&turns->lock);
    turn = find_locked(turns, account, key);
    if (turn == NULL)
        turn = add_locked(turns, account, key);
    if (turn == NULL) {
        pthread_mutex_unlock(&turns->lock);
        error_no_memory(err);
        return NULL;
    }
    turn->users++;
    while (turn->taken && !turn->answered && left_ms > 0) {
        cond_wait(&turn->free, &turns->lock, left_ms);
        left_ms = deadline_ms - clock_monotonic_ms();
    }
    if (turn->taken && !turn->answered) {
        leave_locked(turns, turn);
        turn = NULL;
        error_set(err, ERROR_UNAVAILABLE,
                  "a request with this Idempotency-Key is still being answered: send it again");
    } else {
        turn->taken = true;
    }
    pthread_mutex_unlock(&turns->lock);
    return turn;
}

void turns_end(struct turns *turns, struct turn *turn, bool answered)
{
    pthread_mutex_lock(&turns->lock);
    turn->answered = turn->answered || answered;
    turn->taken = turn->answered;
    if (turn->answered)
        pthread_cond_broadcast(&turn->free);
    else
        pthread_cond_signal(&turn->free);
    leave_locked(turns, turn);
    pthread_mutex_unlock(&turns->lock);
}
