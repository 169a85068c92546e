/* runs.c - see runs.h. A list is enough: a process runs tens of jobs, and looks once a second. */
#include "workers/runtime/runs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct run *run;
    struct entry *next;
    bool marked;
};

struct runs {
    pthread_mutex_t lock;
    struct entry *first; /* guarded by lock */
    size_t count;        /* guarded by lock */
};

struct runs *runs_new(struct error *err)
{
    struct runs *runs = calloc(1, sizeof *runs);

    if (runs == NULL)
        error_no_memory(err);
    else
        pthread_mutex_init(&runs->lock, NULL);
    return runs;
}

void runs_free(struct runs *runs)
{
    if (runs == NULL)
        return;
    for (struct entry *entry = runs->first, *next; entry != NULL; entry = next) {
        next = entry->next;
        free(entry);
    }
    pthread_mutex_destroy(&runs->lock);
    free(runs);
}

bool runs_add(struct runs *runs, struct run *run, struct error *err)
{
    struct entry *entry = calloc(1, sizeof *entry);

    if (entry == NULL)
        return error_no_memory(err);
    entry->run = run;
    pthread_mutex_lock(&runs->lock);
    entry->next = runs->first;
    runs->first = entry;
    runs->count++;
    pthread_mutex_unlock(&runs->lock);
    return true;
}

void runs_remove(struct runs *runs, const struct run *run)
{
    struct entry *entry;

    pthread_mutex_lock(&runs->lock);
    for (struct entry **link = &runs->first; (entry = *link) != NULL; link = &entry->next)
        if (entry->run == run) {
            *link = entry->next;
            free(entry);
            runs->count--;
            break;
        }
    pthread_mutex_unlock(&runs->lock);
}

size_t runs_count(struct runs *runs)
{
    size_t count;

    pthread_mutex_lock(&runs->lock);
    count = runs->count;
    pthread_mutex_unlock(&runs->lock);
    return count;
}

static struct entry *find_locked(struct runs *runs, const char *job_id, int run)
{
    for (struct entry *entry = runs->first; entry != NULL; entry = entry->next)
        if (run_job(entry->run)->run == run && strcmp(run_job(entry->run)->id, job_id) == 0)
            return entry;
    return NULL;
}

void runs_stop(struct runs *runs, const char *job_id, int run, enum run_stop reason)
{
    struct entry *entry;

    pthread_mutex_lock(&runs->lock);
    entry = find_locked(runs, job_id, run);
    if (entry != NULL)
        run_stop(entry->run, reason);
    pthread_mutex_unlock(&runs->lock);
}

void runs_stop_all(struct runs *runs, enum run_stop reason)
{
    pthread_mutex_lock(&runs->lock);
    for (struct entry *entry = runs->first; entry != NULL; entry = entry->next)
        run_stop(entry->run, reason);
    pthread_mutex_unlock(&runs->lock);
}

void runs_mark(struct runs *runs)
{
    pthread_mutex_lock(&runs->lock);
    for (struct entry *entry = runs->first; entry != NULL; entry = entry->next)
        entry->marked = true;
    pthread_mutex_unlock(&runs->lock);
}

void runs_confirm(struct runs *runs, const char *job_id, int run)
{
    struct entry *entry;

    pthread_mutex_lock(&runs->lock);
    entry = find_locked(runs, job_id, run);
    if (entry != NULL)
        entry->marked = false;
    pthread_mutex_unlock(&runs->lock);
}

size_t runs_stop_marked(struct runs *runs, enum run_stop reason)
{
    size_t stopped = 0;

    pthread_mutex_lock(&runs->lock);
    for (struct entry *entry = runs->first; entry != NULL; entry = entry->next)
        if (entry->marked) {
            run_stop(entry->run, reason);
            stopped++;
        }
    pthread_mutex_unlock(&runs->lock);
    return stopped;
}

size_t runs_progress(struct runs *runs, struct buffer *items)
{
    size_t count = 0;
    int percent;
    char stage[64];

    buffer_add_char(items, '[');
    pthread_mutex_lock(&runs->lock);
    for (struct entry *entry = runs->first; entry != NULL; entry = entry->next) {
        if (!run_progress_take(entry->run, &percent, stage, sizeof stage))
            continue;
        buffer_printf(
            items, "%s{\"id\":\"%s\",\"run\":%d,\"progress\":%d,\"stage\":", count == 0 ? "" : ",",
            run_job(entry->run)->id, run_job(entry->run)->run, percent);
        buffer_add_json(items, stage, strlen(stage));
        buffer_add_char(items, '}');
        count++;
    }
    pthread_mutex_unlock(&runs->lock);
    buffer_add_char(items, ']');
    return count;
}
