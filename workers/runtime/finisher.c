/* finisher.c - see finisher.h. */
#include "workers/runtime/finisher.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/base/thread.h"
#include "infra/postgres/pool.h"
#include "infra/store/jobs.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_MOST = 100, RETRY_MS = 500, STOP_MS = 10000 };

struct ending {
    struct run *run;
    struct outcome outcome;
    int lines;
    finished done;
    void *owner;
    bool took;
    struct ending *next;
};

struct finisher {
    struct pg_pool *db; /* read-only after _new */
    pthread_t thread;
    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t added;
    struct ending *first;
    struct ending **last;
    bool stopping;
    int64_t give_up_ms; /* while stopping: until when to try */
};

/* Takes up to BATCH_MOST endings off the queue; waits for one. NULL: the end. */
static struct ending *take_batch(struct finisher *finisher)
{
    struct ending *batch;
    struct ending **cut;
    size_t count = 0;

    pthread_mutex_lock(&finisher->lock);
    while (finisher->first == NULL && !finisher->stopping)
        pthread_cond_wait(&finisher->added, &finisher->lock);
    batch = finisher->first;
    for (cut = &batch; *cut != NULL && count < BATCH_MOST; count++)
        cut = &(*cut)->next;
    finisher->first = *cut;
    *cut = NULL;
    if (finisher->first == NULL)
        finisher->last = &finisher->first;
    pthread_mutex_unlock(&finisher->lock);
    return batch;
}

static bool write_endings(struct finisher *finisher, struct ending *batch, struct error *err)
{
    struct buffer items = {0};
    struct pg *db = NULL;
    struct pg_rows *rows = NULL;

    buffer_add_char(&items, '[');
    for (struct ending *ending = batch; ending != NULL; ending = ending->next) {
        if (ending != batch)
            buffer_add_char(&items, ',');
        outcome_encode(&ending->outcome, ending->run, ending->lines, &items);
    }
    buffer_add_char(&items, ']');
    if (items.failed)
        error_no_memory(err);
    else if ((db = pg_pool_borrow(finisher->db, err)) != NULL)
        rows = jobs_finish(db, items.data, err);
    for (size_t at = 0; rows != NULL && at < pg_rows_count(rows); at++)
        for (struct ending *ending = batch; ending != NULL; ending = ending->next)
            if (strcmp(run_job(ending->run)->id, pg_text(rows, at, 0)) == 0)
                ending->took = true;
    pg_rows_free(rows);
    pg_pool_return(finisher->db, db);
    buffer_clear(&items);
    return rows != NULL;
}

/* An ending that the database refuses for what it holds: the job fails, saying so. */
static void turn_into_failure(struct ending *ending, const struct error *err)
{
    ending->outcome.kind = OUTCOME_FAILED;
    ending->outcome.err = *err;
    error_set(&ending->outcome.err, ERROR_INTERNAL, "what the job made could not be stored");
}

/* Whether to try again: always, but not for ever while stopping. */
static bool wait_for_database(struct finisher *finisher)
{
    bool go_on;

    pthread_mutex_lock(&finisher->lock);
    if (!finisher->stopping)
        cond_wait(&finisher->added, &finisher->lock, RETRY_MS);
    else
        cond_wait(&finisher->added, &finisher->lock, 50);
    go_on = !finisher->stopping || clock_monotonic_ms() < finisher->give_up_ms;
    pthread_mutex_unlock(&finisher->lock);
    return go_on;
}

/* Writes a batch; one poisonous ending must not hold up the others, so they are then written
 * singly. */
static void write_until_done(struct finisher *finisher, struct ending *batch)
{
    struct error err = {0};
    bool told = false;

    while (!write_endings(finisher, batch, &err)) {
        if (!told)
            log_failure("could not write what came of jobs; trying on", &err);
        told = true;
        if (!error_is_transient(err.code) && batch->next != NULL) {
            for (struct ending *ending = batch, *next; ending != NULL; ending = next) {
                next = ending->next;
                ending->next = NULL;
                write_until_done(finisher, ending);
                ending->next = next;
            }
            return;
        }
        if (!error_is_transient(err.code)) {
            if (batch->outcome.kind == OUTCOME_FAILED)
                return; /* not even that: the lease runs out, and the reaper counts a failure */
            turn_into_failure(batch, &err);
        } else if (!wait_for_database(finisher)) {
            return;
        }
    }
}

static void *run_finisher(void *context)
{
    struct finisher *finisher = context;
    struct ending *batch;

    while ((batch = take_batch(finisher)) != NULL) {
        write_until_done(finisher, batch);
        for (struct ending *ending = batch, *next; ending != NULL; ending = next) {
            next = ending->next;
            ending->done(ending->owner, ending->run, &ending->outcome, ending->took);
            free(ending);
        }
    }
    return NULL;
}

struct finisher *finisher_new(struct pg_pool *db, struct error *err)
{
    struct finisher *finisher = calloc(1, sizeof *finisher);

    if (finisher == NULL) {
        error_no_memory(err);
        return NULL;
    }
    finisher->db = db;
    finisher->last = &finisher->first;
    pthread_mutex_init(&finisher->lock, NULL);
    cond_init(&finisher->added);
    if (!thread_start(&finisher->thread, run_finisher, finisher, err)) {
        free(finisher);
        return NULL;
    }
    return finisher;
}

void finisher_free(struct finisher *finisher)
{
    if (finisher == NULL)
        return;
    pthread_mutex_lock(&finisher->lock);
    finisher->stopping = true;
    finisher->give_up_ms = clock_monotonic_ms() + STOP_MS;
    pthread_cond_signal(&finisher->added);
    pthread_mutex_unlock(&finisher->lock);
    pthread_join(finisher->thread, NULL);
    pthread_cond_destroy(&finisher->added);
    pthread_mutex_destroy(&finisher->lock);
    free(finisher);
}

void finisher_add(struct finisher *finisher, struct run *run, const struct outcome *outcome,
                  int lines, finished done, void *owner)
{
    struct ending *ending = calloc(1, sizeof *ending);

    if (ending == NULL) { /* the lease runs out, and the job runs again */
        done(owner, run, outcome, false);
        return;
    }
    ending->run = run;
    ending->outcome = *outcome;
    ending->lines = lines;
    ending->done = done;
    ending->owner = owner;
    pthread_mutex_lock(&finisher->lock);
    *finisher->last = ending;
    finisher->last = &ending->next;
    pthread_cond_signal(&finisher->added);
    pthread_mutex_unlock(&finisher->lock);
}
