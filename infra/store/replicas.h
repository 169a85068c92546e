/*
 * replicas.h - the copies of deployed versions: on which instance of the API each is to be held.
 *
 * Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_REPLICAS_H
#define TRAINYARD_INFRA_STORE_REPLICAS_H

#include "infra/postgres/pg.h"
#include "schemas/states.h"

extern const struct pg_sql replicas_sql;

/* How a deployment stands. Texts are copied. */
struct placement {
    bool busy; /* somebody else is placing just now: nothing else is known */
    enum deployment_status status;
    int wanted; /* replicas */
    int warm;
    int live;          /* instances that can hold some */
    char trouble[256]; /* why one is not warm; "": nothing known */
};

/* Gives a deployment the replicas it wants, on the instances that live. ERROR_NOT_FOUND. */
MUST_CHECK bool replicas_place(struct pg *db, const char *deployment, struct placement *placement,
                               struct error *err);

/* The same for all ACTIVE ones that miss something, and ends those that are UNDEPLOYING; *looked
 * counts them. */
MUST_CHECK bool replicas_replace(struct pg *db, int64_t *looked, struct error *err);

/* What an instance is to hold. Rows: deployment id, account, whether all of it is warm. */
MUST_CHECK struct pg_rows *replicas_of(struct pg *db, const char *instance, struct error *err);

/* Notes that an instance holds a deployment's version warm, or why it cannot (trouble). */
MUST_CHECK bool replicas_warm(struct pg *db, const char *instance, const char *deployment,
                              struct error *err);
MUST_CHECK bool replicas_trouble(struct pg *db, const char *instance, const char *deployment,
                                 const char *trouble, struct error *err);

/* Of all ACTIVE and DEPLOYING deployments: how many replicas are wanted, how many are warm. */
MUST_CHECK bool replicas_count(struct pg *db, int64_t *wanted, int64_t *warm, struct error *err);

#endif
