/*
 * model_names.h - the table of the model cache: names that requests use, and what they mean.
 *
 * A name is (account, model, word); a deployment is (account, its id, no word). It means a model
 * that is open, or an error that is told again for a moment, or it is being looked up. Not safe for
 * several threads: the cache has the lock.
 */
#ifndef TRAINYARD_API_MODEL_NAMES_H
#define TRAINYARD_API_MODEL_NAMES_H

#include "api/model_cache.h"
#include "infra/base/ids.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_NAME_MOST = 63, MODEL_WORD_MOST = 40, ACCOUNT_MOST = 63, MODEL_NAMES_MOST = 10000 };

/* A model that is open; freed with its last holder. */
struct loaded_model {
    struct open_model open; /* first: what borrowers see */
    char version_id[ID_BYTES];
    size_t bytes;
    atomic_size_t holders; /* one for all names, one for each borrower */
    atomic_int_least64_t used_ms;
    atomic_size_t pins; /* while there are some it stays open */
    /* guarded by the cache's lock */
    size_t names;
    struct loaded_model *next;
    char name[MODEL_NAME_MOST + 1];
    char version[16];
    char answer_fields[512];
};

enum name_state { NAME_WANTED, NAME_OPEN, NAME_ERROR };

struct model_name {
    struct model_name *next;        /* in its bucket */
    struct model_name *next_queued; /* among those to be looked up */
    bool queued;
    bool looking; /* taken out of the queue, being looked up */
    enum name_state state;
    struct loaded_model *model; /* NAME_OPEN */
    struct error err;           /* NAME_ERROR */
    int64_t until_ms;           /* NAME_ERROR: looked up anew after this */
    char account[ACCOUNT_MOST + 1];
    char name[MODEL_NAME_MOST + 1];
    char word[MODEL_WORD_MOST + 1];
};

enum { NAME_BUCKETS = 4096 };

struct model_names {
    size_t count;
    struct model_name *first_queued;
    struct model_name **last_queued;
    struct loaded_model *models; /* those that have names */
    size_t models_count;
    size_t models_bytes;
    struct model_name *buckets[NAME_BUCKETS];
};

void model_names_init(struct model_names *names);
void model_names_clear(struct model_names *names);

/* NULL when it is not there. */
struct model_name *model_names_find(const struct model_names *names, const char *account,
                                    const char *name, const char *word);

/* Adds a wanted name; NULL when there are too many, or memory runs out. */
struct model_name *model_names_add(struct model_names *names, const char *account, const char *name,
                                   const char *word);

/* Puts a name into the queue of those to be looked up, unless it is there. */
void model_names_queue(struct model_names *names, struct model_name *name);
/* The same for all names of a model. */
void model_names_queue_model(struct model_names *names, const char *account, const char *name);
/* Takes the first out of the queue; NULL when it is empty. */
struct model_name *model_names_next(struct model_names *names);

/* Gives a name its meaning; a model that loses its last name is let go. */
void model_names_open(struct model_names *names, struct model_name *name,
                      struct loaded_model *model);
void model_names_fail(struct model_names *names, struct model_name *name, const struct error *err,
                      int64_t until_ms);

/* The model of a version that is open; NULL when there is none. */
struct loaded_model *model_names_loaded(const struct model_names *names, const char *version_id);

/* Forgets errors that are older than now_ms, and of the models above most_bytes the least used that
 * are not pinned. */
void model_names_trim(struct model_names *names, int64_t now_ms, size_t most_bytes);

/* Lets go of a model; frees it with its last holder. */
void loaded_model_drop(struct loaded_model *model);

#endif
