/*
 * served.h - which version a name means, for those who answer predictions.
 *
 * Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_SERVED_H
#define TRAINYARD_INFRA_STORE_SERVED_H

#include "infra/postgres/pg.h"
#include "schemas/states.h"

extern const struct pg_sql served_sql;

/* Points into rows, which the struct owns; clear with served_clear(). */
struct served {
    const char *model_id;
    const char *version_id;
    const char *model_name;
    int version;
    enum version_status status;
    const char *artifact_digest; /* NULL unless the status is VERSION_READY */
    bool has_output_schema;      /* the client gave one */
    struct pg_rows *rows;
};

/*
 * The version of an account's model that word means: v2.0, 2, ver_..., or latest (the newest that
 * is READY; the newest, if none is). ERROR_NOT_FOUND names what is unknown, the model or the
 * version.
 */
MUST_CHECK bool served_find(struct pg *db, const char *account, const char *model, const char *word,
                            struct served *served, struct error *err);
void served_clear(struct served *served);

/*
 * The version that an account's deployment serves. ERROR_NOT_FOUND also for one that was
 * undeployed; ERROR_CONFLICT for one that FAILED.
 */
MUST_CHECK bool served_find_deployment(struct pg *db, const char *account, const char *deployment,
                                       struct served *served, struct error *err);

/*
 * The versions and deployments that changed since a moment (text of the database, "" for its now),
 * some of them possibly told before. Rows: id, revision, account, model name (of a deployment: its
 * id), the moment to ask from next time; at least one row, with a null id when nothing changed.
 */
MUST_CHECK struct pg_rows *served_changes(struct pg *db, const char *since, struct error *err);

#endif
