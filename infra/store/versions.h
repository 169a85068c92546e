/*
 * versions.h - versions of models in the database: what came of their builds.
 *
 * Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_VERSIONS_H
#define TRAINYARD_INFRA_STORE_VERSIONS_H

#include "infra/postgres/pg.h"
#include "infra/store/models.h"
#include "schemas/states.h"

extern const struct pg_sql versions_sql;

/* A version with what of its model and its job is told of it. Points into rows, which it owns;
 * clear with version_clear(). */
struct version {
    const char *id;
    const char *model_name;
    int version;
    enum version_status status;
    const char *job_id;
    const char *intent;
    const char *dataset_id;
    const char *artifact_digest; /* NULL: none yet */
    const char *report;          /* JSON of the engine; NULL: none yet */
    double training_s;
    const char *error_code;    /* NULL: none */
    const char *error_message; /* NULL: none */
    const char *created_at;    /* RFC 3339 */
    const char *updated_at;
    const char *input_schema; /* JSON, as the client gave it; NULL: not given */
    const char *output_schema;
    const char *display_name;      /* these three are the model's */
    const char *description;       /* NULL: none */
    const char *tags;              /* JSON */
    const char *deployment_status; /* DEPLOYED, DEPLOYING; NULL: neither */
    bool has_job;                  /* jobs are kept for 30 days */
    const char *job_pool;
    enum job_status job_status;
    int progress;      /* 0 to 100 */
    const char *stage; /* NULL: none yet */
    double waited_s;   /* since the job could first have run */
    struct pg_rows *rows;
};

/*
 * The version of an account's model that word means: v2.0, 2, ver_..., or latest (the newest that
 * is READY; the newest, if none is). ERROR_NOT_FOUND names what is unknown, the model or the
 * version.
 */
MUST_CHECK bool versions_find(struct pg *db, const char *account, const char *model,
                              const char *word, struct version *version, struct error *err);
void version_clear(struct version *version);

/*
 * All versions of an account's model, the newest first, read with version_item_read(); a row of
 * nulls when it has none. ERROR_NOT_FOUND. Free with pg_rows_free().
 */
MUST_CHECK struct pg_rows *versions_list(struct pg *db, const char *account, const char *model,
                                         struct error *err);

struct version_item {
    const char *id; /* NULL: a model without versions */
    int version;
    const char *kind; /* build, retrain */
    enum version_status status;
    const char *metrics; /* JSON; NULL: none yet */
    const char *job_id;
    const char *error_message; /* NULL: none */
    const char *created_at;
    const char *updated_at;
    const char *deployment_status; /* as in struct version */
};
void version_item_read(const struct pg_rows *rows, size_t row, struct version_item *item);

/* What a further version takes from what is there. */
enum version_origin {
    ORIGIN_MODEL, /* what the model was asked for at first */
    ORIGIN_READY  /* what the newest READY version was asked for; the model, if none is */
};

/* What was asked for; NULL or 0: nothing. Points into rows, which it owns; version_base_clear(). */
struct version_base {
    const char *model_id;
    int current; /* the version that the model is told with */
    const char *version_id;
    int version;
    bool is_ready;
    const char *intent;
    const char *dataset_id;
    const char *input_schema;  /* JSON */
    const char *output_schema; /* JSON */
    struct version_wish wish;
    bool has_seed;
    const char *report; /* JSON; NULL unless is_ready */
    struct pg_rows *rows;
};

/* ERROR_NOT_FOUND when the account has no such model. */
MUST_CHECK bool versions_base(struct pg *db, const char *account, const char *model,
                              enum version_origin origin, struct version_base *base,
                              struct error *err);
void version_base_clear(struct version_base *base);

struct new_version {
    const char *id;
    const char *model_id;
    const char *model_name; /* for messages */
    const char *kind;       /* "build" or "retrain" */
    const char *job_id;
    const char *intent;
    const char *dataset_id;
    const char *input_schema;  /* JSON; may be NULL */
    const char *output_schema; /* JSON; may be NULL */
    struct version_wish wish;
};

/*
 * Inserts the next version of a model, a DRAFT, and locks the model until the transaction ends;
 * *number is its number, created_at its time. ERROR_NOT_FOUND when the model has been deleted.
 */
MUST_CHECK bool versions_insert(struct pg *db, const struct new_version *version, int *number,
                                char created_at[static STORE_TIME_BYTES], struct error *err);

/* The number in v2.0, v2 or 2; 0 when word is none. */
int version_number(const char *word);

#endif
