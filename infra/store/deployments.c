/* deployments.c - see deployments.h. */
#include "infra/store/deployments.h"

#include "infra/store/versions.h"

#include <stdio.h>

enum { DEPLOYABLE, INSERT, FIND, LIST, UNDEPLOY };

#define DEPLOYMENT_COLUMNS                                                                         \
    "select d.id, m.name, d.version_id, v.version, d.job_id, d.environment, d.replicas,"           \
    "       d.auto_scale, d.status, d.error_code, d.error_message, iso(d.created_at),"             \
    "       iso(d.updated_at), iso(d.active_at), iso(d.undeployed_at),"                            \
    "       case when d.status in ('DEPLOYING', 'ACTIVE') then replicas_wanted(d, l.live) else 0 " \
    "end,"                                                                                         \
    "       r.warm, l.live, r.error,"                                                              \
    "       (select x.version from versions x where x.model_id = m.id and x.status <> 'DELETED'"   \
    "         order by x.status = 'READY' desc, x.version desc limit 1)"                           \
    "  from deployments d join models m on m.id = d.model_id"                                      \
    "  join versions v on v.id = d.version_id"                                                     \
    " cross join (select cardinality(live_instances()) as live) l"                                 \
    " cross join lateral (select count(*) filter (where state = 'warm') as warm,"                  \
    "                            max(error) as error"                                              \
    "                       from replicas where deployment_id = d.id) r"

static const char *const SQL[] = {
    [DEPLOYABLE] = "select m.id, m.name, v.id, v.version, v.status, v.artifact_digest"
                   "  from models m"
                   "  left join lateral ("
                   "    select * from versions x"
                   "     where x.model_id = m.id and x.status <> 'DELETED'"
                   "       and ($3 = 'latest' or x.id = $3 or x.version = $4::int)"
                   "     order by x.status = 'READY' desc, x.version desc limit 1) v on true"
                   " where m.account = $1 and (m.name = $2 or m.id = $2) and m.deleted_at is null"
                   "   for share of m",
    [INSERT] = "insert into deployments (id, account, model_id, version_id, job_id, environment,"
               "                         replicas, auto_scale)"
               "values ($1, $2, $3, $4, $5, $6, $7::int, $8::boolean) returning iso(created_at)",
    [FIND] = DEPLOYMENT_COLUMNS
    " where d.account = $1 and d.id = $2 and ($3::text is null or m.name = $3 or m.id = $3)"
    "   and m.deleted_at is null",
    [LIST] = DEPLOYMENT_COLUMNS
    " where d.account = $1 and (m.name = $2 or m.id = $2) and m.deleted_at is null"
    "   and case when $3::text is null then d.status in ('DEPLOYING', 'ACTIVE', 'UNDEPLOYING')"
    "            else d.status = $3 end"
    " order by d.created_at desc, d.id desc limit 1000",
    [UNDEPLOY] = "select undeploy($2, $1)",
};
const struct pg_sql deployments_sql = PG_SQL(SQL);

bool deployable_find(struct pg *db, const char *account, const char *model, const char *word,
                     struct deployable *found, struct error *err)
{
    struct pg_rows *rows =
        pg_query(db, SQL[DEPLOYABLE],
                 PG_VALUES(account, model, word, pg_number(version_number(word)).text), err);

    *found = (struct deployable){.rows = rows};
    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0)
        return error_set(err, ERROR_NOT_FOUND, "no model is named %.100s", model);
    if (pg_text(rows, 0, 2) == NULL)
        return error_set(err, ERROR_NOT_FOUND,
                         "model %.70s has no version %.50s: give one such as v1.0, or latest",
                         model, word);
    found->model_id = pg_text(rows, 0, 0);
    found->model_name = pg_text(rows, 0, 1);
    found->version_id = pg_text(rows, 0, 2);
    found->version = (int)pg_int(rows, 0, 3);
    found->status =
        (enum version_status)state_from_word(MACHINE_VERSION, pg_text_or_empty(rows, 0, 4));
    found->artifact_digest = pg_text(rows, 0, 5);
    return true;
}

void deployable_clear(struct deployable *found)
{
    pg_rows_free(found->rows);
    *found = (struct deployable){0};
}

bool deployments_insert(struct pg *db, const struct new_deployment *deployment,
                        char created_at[static DEPLOYMENT_TIME_BYTES], struct error *err)
{
    struct pg_rows *rows = pg_query(
        db, SQL[INSERT],
        PG_VALUES(deployment->id, deployment->account, deployment->model_id, deployment->version_id,
                  deployment->job_id, deployment->environment, pg_number(deployment->replicas).text,
                  deployment->auto_scale ? "true" : "false"),
        err);

    if (rows == NULL)
        return false;
    snprintf(created_at, DEPLOYMENT_TIME_BYTES, "%s", pg_text_or_empty(rows, 0, 0));
    pg_rows_free(rows);
    return true;
}

void deployment_read(const struct pg_rows *rows, size_t row, struct deployment *deployment)
{
    int at = 0;

    *deployment = (struct deployment){0};
    deployment->id = pg_text(rows, row, at++);
    deployment->model_name = pg_text(rows, row, at++);
    deployment->version_id = pg_text(rows, row, at++);
    deployment->version = (int)pg_int(rows, row, at++);
    deployment->job_id = pg_text(rows, row, at++);
    deployment->environment = pg_text(rows, row, at++);
    deployment->replicas = (int)pg_int(rows, row, at++);
    deployment->auto_scale = pg_bool(rows, row, at++);
    deployment->status = (enum deployment_status)state_from_word(MACHINE_DEPLOYMENT,
                                                                 pg_text_or_empty(rows, row, at++));
    deployment->error_code = pg_text(rows, row, at++);
    deployment->error_message = pg_text(rows, row, at++);
    deployment->created_at = pg_text(rows, row, at++);
    deployment->updated_at = pg_text(rows, row, at++);
    deployment->active_at = pg_text(rows, row, at++);
    deployment->undeployed_at = pg_text(rows, row, at++);
    deployment->wanted = (int)pg_int(rows, row, at++);
    deployment->warm = (int)pg_int(rows, row, at++);
    deployment->live = (int)pg_int(rows, row, at++);
    deployment->trouble = pg_text(rows, row, at++);
    deployment->current_version = (int)pg_int(rows, row, at);
}

void deployment_clear(struct deployment *deployment)
{
    pg_rows_free(deployment->rows);
    *deployment = (struct deployment){0};
}

bool deployments_find(struct pg *db, const char *account, const char *model, const char *id,
                      struct deployment *deployment, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[FIND], PG_VALUES(account, id, model), err);

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        pg_rows_free(rows);
        return error_set(err, ERROR_NOT_FOUND, "there is no deployment %.100s", id);
    }
    deployment_read(rows, 0, deployment);
    deployment->rows = rows;
    return true;
}

struct pg_rows *deployments_list(struct pg *db, const char *account, const char *model,
                                 const char *status, struct error *err)
{
    return pg_query(db, SQL[LIST], PG_VALUES(account, model, status), err);
}

bool deployments_undeploy(struct pg *db, const char *account, const char *id, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[UNDEPLOY], PG_VALUES(account, id), err);
    bool ok;

    if (rows == NULL)
        return false;
    ok = pg_text(rows, 0, 0) != NULL;
    if (!ok)
        error_set(err, ERROR_NOT_FOUND, "there is no deployment %.100s", id);
    pg_rows_free(rows);
    return ok;
}
