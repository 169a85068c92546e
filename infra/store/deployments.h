/*
 * deployments.h - deployments in the database: versions that are held warm under an address.
 *
 * How they follow their jobs is SQL, see schemas/sql (replicas). Every function uses the session it
 * is given.
 */
#ifndef TRAINYARD_INFRA_STORE_DEPLOYMENTS_H
#define TRAINYARD_INFRA_STORE_DEPLOYMENTS_H

#include "infra/postgres/pg.h"
#include "schemas/states.h"

extern const struct pg_sql deployments_sql;

/* What can be deployed: a version of an account's model. Points into rows, which it owns; clear
 * with deployable_clear(). */
struct deployable {
    const char *model_id;
    const char *model_name;
    const char *version_id; /* NULL: the model has no such version */
    int version;
    enum version_status status;
    const char *artifact_digest; /* NULL unless it is VERSION_READY */
    struct pg_rows *rows;
};

/*
 * The version that word means (v1.0, 1, ver_..., latest) of the model with this name or id, locked
 * against being deleted until the transaction ends. ERROR_NOT_FOUND for the model or the version.
 */
MUST_CHECK bool deployable_find(struct pg *db, const char *account, const char *model,
                                const char *word, struct deployable *found, struct error *err);
void deployable_clear(struct deployable *found);

struct new_deployment {
    const char *id;
    const char *account;
    const char *model_id;
    const char *version_id;
    const char *job_id;
    const char *environment;
    int replicas;
    bool auto_scale;
};

enum { DEPLOYMENT_TIME_BYTES = 32 };

/* Inserts a deployment, DEPLOYING; created_at is then its time, RFC 3339. */
MUST_CHECK bool deployments_insert(struct pg *db, const struct new_deployment *deployment,
                                   char created_at[static DEPLOYMENT_TIME_BYTES],
                                   struct error *err);

/* Points into rows, which the struct owns when it was found alone; clear with deployment_clear().
 */
struct deployment {
    const char *id;
    const char *model_name;
    const char *version_id;
    int version;
    const char *job_id;
    const char *environment;
    int replicas; /* as asked for */
    bool auto_scale;
    enum deployment_status status;
    const char *error_code;    /* NULL: none */
    const char *error_message; /* NULL: none */
    const char *created_at;    /* RFC 3339, as all times */
    const char *updated_at;
    const char *active_at;     /* NULL: never was */
    const char *undeployed_at; /* NULL: was not asked to go */
    int wanted;                /* replicas, by now */
    int warm;
    int live;            /* instances that can hold replicas */
    const char *trouble; /* why a replica is not warm; NULL: nothing known */
    int current_version; /* of the model: its newest READY one */
    struct pg_rows *rows;
};

/* A deployment of an account, and of the model with this name or id unless model is NULL.
 * ERROR_NOT_FOUND. */
MUST_CHECK bool deployments_find(struct pg *db, const char *account, const char *model,
                                 const char *id, struct deployment *deployment, struct error *err);

/*
 * The deployments of a model, newest first, read with deployment_read(): those with that status, or
 * with NULL those that are DEPLOYING, ACTIVE or UNDEPLOYING; at most 1000. Free with
 * pg_rows_free().
 */
MUST_CHECK struct pg_rows *deployments_list(struct pg *db, const char *account, const char *model,
                                            const char *status, struct error *err);
void deployment_read(const struct pg_rows *rows, size_t row, struct deployment *deployment);
void deployment_clear(struct deployment *deployment);

/* Takes a deployment away and ends its job; one that goes already stays as it is. ERROR_NOT_FOUND.
 */
MUST_CHECK bool deployments_undeploy(struct pg *db, const char *account, const char *id,
                                     struct error *err);

#endif
