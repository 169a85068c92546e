/* deployed.c - see deployed.h. */
#include "tests/integration/deployed.h"

#include "infra/store/deployments.h"
#include "infra/store/instances.h"
#include "infra/store/jobs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LEASE_S = 30 };

const char DEPLOYED_STATUS[] = "select status from deployments where id = $1";
/* Such as "a:2 b:1". */
static const char HELD[] =
    "select coalesce(string_agg(instance || ':' || n, ' ' order by instance), '')"
    "  from (select instance, count(*) as n from replicas"
    "         where deployment_id = $1 group by 1) r";

int deployed_setup(void **state)
{
    static const char MODEL[] =
        "insert into models (id, account, name, display_name, intent, dataset_id, created_by)"
        "values ('mdl_1', $1, 'm', 'M', 'x', 'ds', $1)";
    static const char VERSION[] =
        "insert into versions (id, model_id, account, version, job_id, intent, dataset_id, status,"
        "                      artifact_digest, report)"
        "values ('ver_1', 'mdl_1', $1, 1, 'job_build', 'x', 'ds', 'READY', 'd', '{}')";
    static struct support support;
    struct error err = {0};

    support_init(&support);
    assert_true(pg_exec(support.db, MODEL, PG_VALUES(support.account), &err));
    assert_true(pg_exec(support.db, VERSION, PG_VALUES(support.account), &err));
    *state = &support;
    return 0;
}

int deployed_teardown(void **state)
{
    support_clear(*state);
    return 0;
}

void deployed_live(struct support *s, const char *instance)
{
    struct error err = {0};

    assert_true(instances_heartbeat(s->db, instance, "api", NULL, 0, &err));
}

void deployed_dies(struct support *s, const char *instance)
{
    static const char SQL[] =
        "update instances set seen_at = clock_timestamp() - interval '16 s' where id = $1";
    struct error err = {0};

    assert_true(pg_exec(s->db, SQL, PG_VALUES(instance), &err));
}

/* A deployment dep_NAME with its job job_NAME. */
void deployed_make(struct support *s, const char *name, int replicas, bool auto_scale)
{
    char id[32];
    char job[32];
    char created_at[DEPLOYMENT_TIME_BYTES];
    int64_t outbox_id;
    struct error err = {0};
    struct new_deployment deployment = {.id = id,
                                        .account = s->account,
                                        .model_id = "mdl_1",
                                        .version_id = "ver_1",
                                        .job_id = job,
                                        .environment = "production",
                                        .replicas = replicas,
                                        .auto_scale = auto_scale};
    struct new_job new_job = {.id = job,
                              .account = s->account,
                              .pool = "predict", /* of which the account may run many */
                              .kind = "model_deploy",
                              .model_id = "mdl_1",
                              .deployment_id = id,
                              .message = "{}",
                              .topic_key = id};

    snprintf(id, sizeof id, "dep_%s", name);
    snprintf(job, sizeof job, "job_%s", name);
    assert_true(deployments_insert(s->db, &deployment, created_at, &err));
    assert_true(jobs_insert(s->db, &new_job, &outbox_id, &err));
}

struct placement deployed_place(struct support *s, const char *id)
{
    struct placement placement;
    struct error err = {0};

    if (!replicas_place(s->db, id, &placement, &err))
        fail_msg("%s: %s", err.message, err.detail);
    return placement;
}

void deployed_assert_held(struct support *s, const char *id, const char *wanted)
{
    assert_string_equal(support_text(s, HELD, PG_VALUES(id)), wanted);
}

int deployed_claim(struct support *s, const char *job)
{
    struct error err = {0};
    struct pg_rows *rows = jobs_claim(s->db, "predict", &job, 1, "worker", LEASE_S, &err);
    int run;

    assert_non_null(rows);
    assert_int_equal(pg_rows_count(rows), 1);
    run = (int)pg_int(rows, 0, 1);
    pg_rows_free(rows);
    return run;
}

size_t deployed_finish(struct support *s, const char *job, int run, const char *outcome)
{
    char items[256];
    struct error err = {0};
    struct pg_rows *rows;
    size_t took;

    snprintf(items, sizeof items,
             "[{\"id\":\"%s\",\"run\":%d,\"outcome\":\"%s\",\"code\":%s,\"message\":%s}]", job, run,
             outcome, strcmp(outcome, "completed") == 0 ? "null" : "\"timed_out\"",
             strcmp(outcome, "completed") == 0 ? "null" : "\"start one\"");
    rows = jobs_finish(s->db, items, &err);
    if (rows == NULL)
        fail_msg("%s: %s", err.message, err.detail);
    took = pg_rows_count(rows);
    pg_rows_free(rows);
    return took;
}

/* As if its job had brought it up. */
void deployed_make_active(struct support *s, const char *name)
{
    char id[32];
    char job[32];

    snprintf(id, sizeof id, "dep_%s", name);
    snprintf(job, sizeof job, "job_%s", name);
    deployed_place(s, id);
    assert_int_equal(deployed_finish(s, job, deployed_claim(s, job), "completed"), 1);
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES(id)), "ACTIVE");
}

int64_t deployed_replace(struct support *s)
{
    struct error err = {0};
    int64_t looked = 0;

    if (!replicas_replace(s->db, &looked, &err))
        fail_msg("%s: %s", err.message, err.detail);
    return looked;
}
