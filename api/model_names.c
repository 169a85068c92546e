/* model_names.c - see model_names.h. */
#include "api/model_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void loaded_model_drop(struct loaded_model *model)
{
    if (atomic_fetch_sub(&model->holders, 1) > 1)
        return;
    predictor_free((struct predictor *)model->open.predictor);
    free(model);
}

/* FNV-1a over account and model: all words of a model share a bucket. */
static size_t bucket_of(const char *account, const char *name)
{
    uint64_t hash = 14695981039346656037u;

    for (const char *at = account; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    hash = (hash ^ '/') * 1099511628211u;
    for (const char *at = name; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    return (size_t)((hash ^ hash >> 32) % NAME_BUCKETS);
}

void model_names_init(struct model_names *names)
{
    memset(names, 0, sizeof *names);
    names->last_queued = &names->first_queued;
}

struct model_name *model_names_find(const struct model_names *names, const char *account,
                                    const char *name, const char *word)
{
    struct model_name *at = names->buckets[bucket_of(account, name)];

    while (at != NULL && (strcmp(at->name, name) != 0 || strcmp(at->word, word) != 0 ||
                          strcmp(at->account, account) != 0))
        at = at->next;
    return at;
}

struct model_name *model_names_add(struct model_names *names, const char *account, const char *name,
                                   const char *word)
{
    struct model_name **bucket = &names->buckets[bucket_of(account, name)];
    struct model_name *made = names->count < MODEL_NAMES_MOST ? calloc(1, sizeof *made) : NULL;

    if (made == NULL)
        return NULL;
    snprintf(made->account, sizeof made->account, "%s", account);
    snprintf(made->name, sizeof made->name, "%s", name);
    snprintf(made->word, sizeof made->word, "%s", word);
    made->next = *bucket;
    *bucket = made;
    names->count++;
    return made;
}

void model_names_queue(struct model_names *names, struct model_name *name)
{
    if (name->queued)
        return;
    name->queued = true;
    name->next_queued = NULL;
    *names->last_queued = name;
    names->last_queued = &name->next_queued;
}

void model_names_queue_model(struct model_names *names, const char *account, const char *name)
{
    struct model_name *at = names->buckets[bucket_of(account, name)];

    for (; at != NULL; at = at->next)
        if (strcmp(at->name, name) == 0 && strcmp(at->account, account) == 0)
            model_names_queue(names, at);
}

struct model_name *model_names_next(struct model_names *names)
{
    struct model_name *name = names->first_queued;

    if (name == NULL)
        return NULL;
    names->first_queued = name->next_queued;
    if (names->first_queued == NULL)
        names->last_queued = &names->first_queued;
    name->queued = false;
    name->looking = true;
    return name;
}

static void unlink_model(struct model_names *names, struct loaded_model *model)
{
    struct loaded_model **at = &names->models;

    while (*at != model)
        at = &(*at)->next;
    *at = model->next;
    names->models_count--;
    names->models_bytes -= model->bytes;
}

static void lose_meaning(struct model_names *names, struct model_name *name)
{
    struct loaded_model *model = name->model;

    name->model = NULL;
    if (model == NULL || --model->names > 0)
        return;
    unlink_model(names, model);
    loaded_model_drop(model);
}

void model_names_open(struct model_names *names, struct model_name *name,
                      struct loaded_model *model)
{
    if (model->names++ == 0) {
        model->next = names->models;
        names->models = model;
        names->models_count++;
        names->models_bytes += model->bytes;
    }
    lose_meaning(names, name);
    name->model = model;
    name->state = NAME_OPEN;
    name->looking = false;
}

void model_names_fail(struct model_names *names, struct model_name *name, const struct error *err,
                      int64_t until_ms)
{
    lose_meaning(names, name);
    name->state = NAME_ERROR;
    name->looking = false;
    name->err = *err;
    name->until_ms = until_ms;
}

struct loaded_model *model_names_loaded(const struct model_names *names, const char *version_id)
{
    struct loaded_model *at = names->models;

    while (at != NULL && strcmp(at->version_id, version_id) != 0)
        at = at->next;
    return at;
}

/* Removes the names that fit; those in the queue stay, the queue points to them. */
static void remove_names(struct model_names *names, const struct loaded_model *of_model,
                         int64_t older_than_ms)
{
    for (size_t bucket = 0; bucket < NAME_BUCKETS; bucket++) {
        struct model_name **at = &names->buckets[bucket];

        while (*at != NULL) {
            struct model_name *name = *at;
            bool fits = of_model != NULL
                            ? name->model == of_model
                            : name->state == NAME_ERROR && name->until_ms < older_than_ms;

            if (!fits || name->queued || name->looking) {
                at = &name->next;
                continue;
            }
            *at = name->next;
            names->count--;
            lose_meaning(names, name);
            free(name);
        }
    }
}

/* Of equals the one that was opened first: it stands last in the list. NULL when all are pinned. */
static struct loaded_model *least_used(const struct model_names *names)
{
    struct loaded_model *least = NULL;

    for (struct loaded_model *at = names->models; at != NULL; at = at->next)
        if (atomic_load(&at->pins) == 0 &&
            (least == NULL || atomic_load(&at->used_ms) <= atomic_load(&least->used_ms)))
            least = at;
    return least;
}

void model_names_trim(struct model_names *names, int64_t now_ms, size_t most_bytes)
{
    remove_names(names, NULL, now_ms);
    while (names->models_bytes > most_bytes && names->models_count > 1) {
        size_t before = names->models_count;
        struct loaded_model *least = least_used(names);

        if (least != NULL)
            remove_names(names, least, 0);
        if (names->models_count == before)
            return; /* pinned, or being looked up anew: the next time */
    }
}

void model_names_clear(struct model_names *names)
{
    for (size_t bucket = 0; bucket < NAME_BUCKETS; bucket++)
        while (names->buckets[bucket] != NULL) {
            struct model_name *name = names->buckets[bucket];

            names->buckets[bucket] = name->next;
            lose_meaning(names, name);
            free(name);
        }
    model_names_init(names);
}
