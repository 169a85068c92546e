/*
 * model_cache.h - the models that this process has open, by the names that requests use.
 *
 * Looking a known name up takes a read lock for a moment. What is not known is found and loaded by
 * one thread, once however many ask. The same thread asks the database twice a second for what
 * changed, so that `latest` moves and what was deleted is gone; while a name is looked up
 * anew, what it meant before is still served. The least used models are closed when all need more
 * than the limit. Every function may be called from any thread.
 */
#ifndef TRAINYARD_API_MODEL_CACHE_H
#define TRAINYARD_API_MODEL_CACHE_H

#include "engine/predict/predictor.h"
#include "infra/base/error.h"

struct model_cache;
struct services;

/* A READY version, open. Read-only. */
struct open_model {
    const struct predictor *predictor;
    const char *name;          /* of the model */
    const char *version;       /* such as v1.0 */
    bool has_output_schema;    /* the client gave one: the answer has its fields and no others */
    const char *answer_fields; /* ,"model_name":...,"model_id":...,"model_version":... as JSON */
};

enum { MODEL_CACHE_WAIT_MS = 2000 };

/*
 * Starts the thread. Borrows services, of which it uses config, db and blobs. NULL on failure:
 * ERROR_NO_MEMORY. Free with model_cache_free() when nobody uses it any more.
 */
MUST_CHECK struct model_cache *model_cache_new(struct services *services, struct error *err);
void model_cache_free(struct model_cache *cache);

/*
 * Lends the version that word means (v1.0, 1, ver_..., latest) of an account's model, waiting up to
 * MODEL_CACHE_WAIT_MS for it. NULL on failure: ERROR_NOT_FOUND; ERROR_CONFLICT when it is not
 * READY; ERROR_UNAVAILABLE when the wait ran out or it cannot be found now.
 */
MUST_CHECK const struct open_model *model_cache_borrow(struct model_cache *cache,
                                                       const char *account, const char *name,
                                                       const char *word, struct error *err);
/* Lends the version that an account's deployment serves, likewise; ERROR_CONFLICT when it FAILED.
 */
MUST_CHECK const struct open_model *model_cache_borrow_deployment(struct model_cache *cache,
                                                                  const char *account,
                                                                  const char *deployment,
                                                                  struct error *err);
void model_cache_return(struct model_cache *cache, const struct open_model *model);

/* A deployment's version, kept open until model_cache_unpin() whatever memory it takes. Pins count.
 */
MUST_CHECK const struct open_model *model_cache_pin(struct model_cache *cache, const char *account,
                                                    const char *deployment, struct error *err);
void model_cache_unpin(struct model_cache *cache, const struct open_model *model);

/* How many models are open, and how much memory they take: for metrics. */
void model_cache_usage(struct model_cache *cache, size_t *models, size_t *bytes);

#endif
