/*
 * versions.h - versions of models in the database: what came of their builds.
 *
 * Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_VERSIONS_H
#define TRAINYARD_INFRA_STORE_VERSIONS_H

#include "infra/postgres/pg.h"
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
    const char *display_name; /* these five are the model's */
    const char *description;  /* NULL: none */
    const char *tags;         /* JSON */
    const char *input_schema; /* JSON, as the client gave it; NULL: not given */
    const char *output_schema;
    bool has_job; /* jobs are kept for 30 days */
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

/* The number in v2.0, v2 or 2; 0 when word is none. */
int version_number(const char *word);

#endif
