/*
 * models.h - models in the database: what was asked for, under a name.
 *
 * A model is told together with its current version: the newest that is READY; the newest, if none
 * is. Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_MODELS_H
#define TRAINYARD_INFRA_STORE_MODELS_H

#include "infra/postgres/pg.h"
#include "schemas/states.h"

extern const struct pg_sql models_sql;

/* Points into rows, which the struct owns when it was found alone; clear with model_clear(). */
struct model {
    const char *id;
    const char *account;
    const char *name;
    const char *display_name;
    const char *description; /* NULL: none */
    const char *tags;        /* JSON */
    const char *intent;      /* these four are the current version's */
    const char *dataset_id;
    const char *input_schema;  /* JSON, as the client gave it; NULL: not given */
    const char *output_schema; /* the same */
    const char *created_by;
    const char *created_at;        /* RFC 3339, as all times */
    const char *updated_at;        /* of the model or its version, whichever is later */
    const char *deployment_status; /* DEPLOYED, DEPLOYING; NULL: neither */
    int version;
    enum version_status status;
    const char *error_message; /* of the current version; NULL: none */
    const char *report;        /* JSON of the engine, of a single model only; NULL: none */
    struct pg_rows *rows;
};

/* What was asked for a version beside intent, data and schemas; NULL or 0: not given. */
struct version_wish {
    const char *target;
    const char *metric;
    int max_iterations;
    int timeout_s;
    int64_t seed;
};

struct new_model {
    const char *id;
    const char *account;
    const char *name;
    const char *display_name;
    const char *description; /* may be NULL */
    const char *intent;
    const char *tags; /* JSON */
    const char *dataset_id;
    const char *input_schema;  /* JSON; may be NULL */
    const char *output_schema; /* JSON; may be NULL */
    const char *created_by;    /* the account */
    const char *version_id;    /* of version 1, made with it */
    const char *job_id;        /* that builds it */
    struct version_wish wish;
};

enum { STORE_TIME_BYTES = 32 };

/*
 * Inserts a model and its version 1, a DRAFT; created_at is then its time. ERROR_CONFLICT when the
 * account has a model of that name.
 */
MUST_CHECK bool models_insert(struct pg *db, const struct new_model *model,
                              char created_at[static STORE_TIME_BYTES], struct error *err);

/* A model of an account; ERROR_NOT_FOUND. */
MUST_CHECK bool models_find(struct pg *db, const char *account, const char *name,
                            struct model *model, struct error *err);

struct models_filter {
    const char *account;
    const char *status;  /* of the current version; NULL: all */
    const char *tags;    /* JSON array, all of which a model must have; NULL: all models */
    const char *sort_by; /* "created_at" or "name" */
    bool ascending;
    int limit;
    int offset;
};

/* A page of models, read with model_read(); *total counts all that fit. Free with pg_rows_free().
 */
MUST_CHECK struct pg_rows *models_list(struct pg *db, const struct models_filter *filter,
                                       int64_t *total, struct error *err);
void model_read(const struct pg_rows *rows, size_t row, struct model *model);
void model_clear(struct model *model);

/* What is to be changed of a model; NULL: it stays as it is. */
struct model_patch {
    const char *display_name;
    const char *description;
    bool clear_description; /* there shall be none */
    const char *tags;       /* JSON array */
};

/* Changes a model; ERROR_NOT_FOUND. */
MUST_CHECK bool models_update(struct pg *db, const char *account, const char *name,
                              const struct model_patch *patch, struct error *err);

/* What became of a model that was deleted. */
struct deleted_model {
    int version; /* that was its current one */
    char deleted_at[STORE_TIME_BYTES];
};

/*
 * Deletes a model: its jobs are cancelled, its versions and deployments go, its name is free. See
 * delete_model() in schemas/sql. ERROR_NOT_FOUND.
 */
MUST_CHECK bool models_delete(struct pg *db, const char *account, const char *name,
                              struct deleted_model *deleted, struct error *err);

#endif
