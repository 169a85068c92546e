/*
 * test_replicas.c - where replicas are placed, that they are placed once however many place them,
 * and that deployments follow their jobs.
 */
#include "infra/base/thread.h"
#include "infra/store/deployments.h"
#include "infra/store/instances.h"
#include "infra/store/jobs.h"
#include "infra/store/leases.h"
#include "infra/store/replicas.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SESSIONS = 4, ROUNDS = 40, LEASE_S = 30 };

static const char STATUS[] = "select status from deployments where id = $1";
/* Such as "a:2 b:1". */
static const char HELD[] =
    "select coalesce(string_agg(instance || ':' || n, ' ' order by instance), '')"
    "  from (select instance, count(*) as n from replicas"
    "         where deployment_id = $1 group by 1) r";
static const char SLOTS[] = "select coalesce(string_agg(slot::text, ' ' order by slot), '')"
                            "  from replicas where deployment_id = $1";
static const char WARM[] =
    "select count(*) from replicas where deployment_id = $1 and state = 'warm'";

static int with_model(void **state)
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

static int drop_database(void **state)
{
    support_clear(*state);
    return 0;
}

static void live(struct support *s, const char *instance)
{
    struct error err = {0};

    assert_true(instances_heartbeat(s->db, instance, "api", NULL, 0, &err));
}

static void dies(struct support *s, const char *instance)
{
    static const char SQL[] =
        "update instances set seen_at = clock_timestamp() - interval '16 s' where id = $1";
    struct error err = {0};

    assert_true(pg_exec(s->db, SQL, PG_VALUES(instance), &err));
}

/* A deployment dep_NAME with its job job_NAME. */
static void deploy(struct support *s, const char *name, int replicas, bool auto_scale)
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

static struct placement place(struct support *s, const char *id)
{
    struct placement placement;
    struct error err = {0};

    if (!replicas_place(s->db, id, &placement, &err))
        fail_msg("%s: %s", err.message, err.detail);
    return placement;
}

static void assert_held(struct support *s, const char *id, const char *wanted)
{
    assert_string_equal(support_text(s, HELD, PG_VALUES(id)), wanted);
}

static int claim(struct support *s, const char *job)
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

static size_t finish(struct support *s, const char *job, int run, const char *outcome)
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
static void make_active(struct support *s, const char *name)
{
    char id[32];
    char job[32];

    snprintf(id, sizeof id, "dep_%s", name);
    snprintf(job, sizeof job, "job_%s", name);
    place(s, id);
    assert_int_equal(finish(s, job, claim(s, job), "completed"), 1);
    assert_string_equal(support_text(s, STATUS, PG_VALUES(id)), "ACTIVE");
}

static int64_t replace(struct support *s)
{
    struct error err = {0};
    int64_t looked = 0;

    if (!replicas_replace(s->db, &looked, &err))
        fail_msg("%s: %s", err.message, err.detail);
    return looked;
}

/* Placement -------------------------------------------------------------------------------------*/

static void replicas_spread_then_stack(void **state)
{
    struct support *s = *state;
    struct placement placement;

    deploy(s, "1", 3, false);
    deploy(s, "2", 1, false);
    placement = place(s, "dep_1");
    assert_int_equal(placement.live, 0);
    assert_int_equal(placement.wanted, 3);
    assert_held(s, "dep_1", "");
    live(s, "a");
    live(s, "b");
    placement = place(s, "dep_1");
    assert_int_equal(placement.live, 2);
    assert_int_equal(placement.warm, 0);
    assert_int_equal(placement.status, DEPLOYMENT_DEPLOYING);
    assert_held(s, "dep_1", "a:2 b:1");
    assert_string_equal(support_text(s, SLOTS, PG_VALUES("dep_1")), "0 1 2");
    place(s, "dep_2"); /* on the one that holds less */
    assert_held(s, "dep_2", "b:1");
    place(s, "dep_1");
    assert_held(s, "dep_1", "a:2 b:1");
}

static void workers_and_the_dead_hold_nothing(void **state)
{
    struct support *s = *state;
    struct error err = {0};

    assert_true(instances_heartbeat(s->db, "worker", "worker", NULL, 0, &err));
    live(s, "dead");
    dies(s, "dead");
    deploy(s, "1", 2, true);
    assert_int_equal(place(s, "dep_1").live, 0);
    live(s, "a");
    place(s, "dep_1");
    assert_held(s, "dep_1", "a:2");
}

static void auto_scale_reaches_every_instance(void **state)
{
    struct support *s = *state;

    live(s, "a");
    deploy(s, "1", 1, true);
    deploy(s, "2", 2, false);
    make_active(s, "1");
    make_active(s, "2");
    assert_held(s, "dep_2", "a:2");
    live(s, "b");
    live(s, "c");
    assert_int_equal(replace(s), 2);
    assert_held(s, "dep_1", "a:1 b:1 c:1");
    assert_int_equal(support_int(s,
                                 "select count(distinct instance) from replicas"
                                 " where deployment_id = $1",
                                 PG_VALUES("dep_2")),
                     2);
    assert_int_equal(replace(s), 0); /* nothing is left to do */
    dies(s, "a");
    assert_int_equal(replace(s), 2);
    assert_held(s, "dep_1", "b:1 c:1");
    assert_held(s, "dep_2", "b:1 c:1");
    assert_int_equal(replace(s), 0);
}

static void a_dead_instances_replicas_start_cold_elsewhere(void **state)
{
    struct support *s = *state;
    struct error err = {0};

    live(s, "a");
    live(s, "b");
    deploy(s, "1", 2, false);
    place(s, "dep_1");
    assert_true(replicas_warm(s->db, "a", "dep_1", &err));
    assert_true(replicas_trouble(s->db, "b", "dep_1", "no file", &err));
    assert_string_equal(place(s, "dep_1").trouble, "no file");
    assert_true(replicas_warm(s->db, "b", "dep_1", &err));
    assert_true(replicas_warm(s->db, "nobody", "dep_1", &err));
    assert_int_equal(place(s, "dep_1").warm, 2);
    assert_string_equal(place(s, "dep_1").trouble, "");
    make_active(s, "1");
    dies(s, "b");
    assert_int_equal(replace(s), 1);
    assert_held(s, "dep_1", "a:2");
    assert_int_equal(support_int(s, WARM, PG_VALUES("dep_1")), 1);
    assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_1")), "ACTIVE");
    dies(s, "a"); /* the last: what was placed stays, for when it comes back */
    assert_int_equal(replace(s), 0);
    assert_held(s, "dep_1", "a:2");
}

/* Many at once ----------------------------------------------------------------------------------*/

struct placer {
    struct support *s;
    pthread_t thread;
    bool ok;
};

static void *place_again_and_again(void *context)
{
    struct placer *placer = context;
    struct error err = {0};
    struct pg *db = pg_open(placer->s->url, &err);
    struct placement placement;
    int64_t looked;

    placer->ok = db != NULL;
    for (int round = 0; placer->ok && round < ROUNDS; round++)
        placer->ok = replicas_replace(db, &looked, &err) &&
                     replicas_place(db, "dep_1", &placement, &err) &&
                     replicas_warm(db, "a", "dep_1", &err);
    pg_close(db);
    return NULL;
}

static void many_placers_place_once(void **state)
{
    struct support *s = *state;
    struct placer placers[SESSIONS];
    struct error err = {0};

    live(s, "a");
    live(s, "b");
    live(s, "c");
    deploy(s, "1", 4, false);
    deploy(s, "2", 1, true);
    make_active(s, "1");
    make_active(s, "2");
    for (size_t at = 0; at < SESSIONS; at++) {
        placers[at] = (struct placer){.s = s};
        assert_true(thread_start(&placers[at].thread, place_again_and_again, &placers[at], &err));
    }
    for (int round = 0; round < ROUNDS; round++) { /* an instance that comes and goes meanwhile */
        dies(s, "b");
        replace(s);
        live(s, "b");
    }
    for (size_t at = 0; at < SESSIONS; at++) {
        pthread_join(placers[at].thread, NULL);
        assert_true(placers[at].ok);
    }
    replace(s);
    assert_int_equal(replace(s), 0);
    assert_string_equal(support_text(s, SLOTS, PG_VALUES("dep_1")), "0 1 2 3");
    assert_held(s, "dep_2", "a:1 b:1 c:1");
}

/* Following the job -----------------------------------------------------------------------------*/

static void a_finish_makes_it_active_in_one_transaction(void **state)
{
    struct support *s = *state;
    struct deployment deployment = {0};
    struct error err = {0};
    int run;

    live(s, "a");
    deploy(s, "1", 1, true);
    place(s, "dep_1");
    run = claim(s, "job_1");
    assert_int_equal(finish(s, "job_1", run - 1, "completed"), 0); /* fenced */
    assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_1")), "DEPLOYING");
    assert_int_equal(finish(s, "job_1", run, "completed"), 1);
    assert_true(deployments_find(s->db, s->account, "m", "dep_1", &deployment, &err));
    assert_int_equal(deployment.status, DEPLOYMENT_ACTIVE);
    assert_non_null(deployment.active_at);
    assert_null(deployment.error_code);
    deployment_clear(&deployment);
    assert_int_equal(support_int(s,
                                 "select count(*) from events_outbox where entity = $1"
                                 " and type = 'trainyard.deployment.active'",
                                 PG_VALUES("dep_1")),
                     1);
}

static void a_failure_is_told_and_frees_the_instances(void **state)
{
    struct support *s = *state;
    struct deployment deployment = {0};
    struct error err = {0};

    live(s, "a");
    deploy(s, "1", 2, true);
    place(s, "dep_1");
    assert_int_equal(finish(s, "job_1", claim(s, "job_1"), "failed"), 1);
    assert_true(deployments_find(s->db, s->account, NULL, "dep_1", &deployment, &err));
    assert_int_equal(deployment.status, DEPLOYMENT_FAILED);
    assert_string_equal(deployment.error_code, "timed_out");
    assert_string_equal(deployment.error_message, "start one");
    deployment_clear(&deployment);
    assert_held(s, "dep_1", "");
    assert_false(deployments_find(s->db, "user_other", NULL, "dep_1", &deployment, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_false(deployments_undeploy(s->db, "user_other", "dep_1", &err));
}

static void a_dead_workers_last_run_fails_it(void **state)
{
    struct support *s = *state;
    struct error err = {0};

    live(s, "a");
    deploy(s, "1", 1, true);
    for (int attempt = 1; attempt <= 3; attempt++) {
        assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_1")), "DEPLOYING");
        support_text(s,
                     "update jobs set available_at = now(), revision = revision + 1"
                     " where id = $1 returning 1",
                     PG_VALUES("job_1"));
        claim(s, "job_1");
        support_text(s,
                     "update leases set until = now() - interval '1 s' where job_id = $1"
                     " returning 1",
                     PG_VALUES("job_1"));
        pg_rows_free(leases_reap(s->db, 10, &err));
    }
    assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_1")), "FAILED");
}

static void undeploying_ends_the_job_and_stays_undone(void **state)
{
    struct support *s = *state;
    struct error err = {0};
    int run;

    live(s, "a");
    deploy(s, "waits", 1, true);
    assert_true(deployments_undeploy(s->db, s->account, "dep_waits", &err));
    assert_string_equal(
        support_text(s, "select status from jobs where id = $1", PG_VALUES("job_waits")),
        "CANCELLED");
    deploy(s, "runs", 1, true);
    place(s, "dep_runs");
    run = claim(s, "job_runs");
    assert_true(deployments_undeploy(s->db, s->account, "dep_runs", &err));
    assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_runs")), "UNDEPLOYING");
    assert_int_equal(finish(s, "job_runs", run, "completed"), 1); /* it was done already */
    assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_runs")), "UNDEPLOYING");
    assert_int_equal(replace(s), 2);
    assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_waits")), "UNDEPLOYED");
    assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_runs")), "UNDEPLOYED");
    assert_held(s, "dep_runs", "");
    assert_true(deployments_undeploy(s->db, s->account, "dep_runs", &err));
    assert_string_equal(support_text(s, STATUS, PG_VALUES("dep_runs")), "UNDEPLOYED");
}

/* A finish and an undeploy of the same deployments, at the same moments. */
struct finisher {
    struct support *s;
    pthread_t thread;
    pthread_barrier_t barrier;
    int runs[ROUNDS];
    int failures;
};

static void *finish_all(void *context)
{
    struct finisher *finisher = context;
    struct error err = {0};
    struct pg *db = pg_open(finisher->s->url, &err);

    for (int at = 0; at < ROUNDS; at++) {
        char items[128];
        struct pg_rows *rows;

        snprintf(items, sizeof items, "[{\"id\":\"job_%d\",\"run\":%d,\"outcome\":\"completed\"}]",
                 at, finisher->runs[at]);
        pthread_barrier_wait(&finisher->barrier);
        rows = db == NULL ? NULL : jobs_finish(db, items, &err);
        finisher->failures += rows == NULL || pg_rows_count(rows) != 1;
        pg_rows_free(rows);
    }
    pg_close(db);
    return NULL;
}

static void finish_and_undeploy_meet_without_deadlock(void **state)
{
    struct support *s = *state;
    struct finisher finisher = {.s = s};
    struct error err = {0};
    char name[32];

    live(s, "a");
    for (int at = 0; at < ROUNDS; at++) {
        snprintf(name, sizeof name, "%d", at);
        deploy(s, name, 1, true);
        snprintf(name, sizeof name, "job_%d", at);
        finisher.runs[at] = claim(s, name);
    }
    pthread_barrier_init(&finisher.barrier, NULL, 2);
    assert_true(thread_start(&finisher.thread, finish_all, &finisher, &err));
    for (int at = 0; at < ROUNDS; at++) {
        snprintf(name, sizeof name, "dep_%d", at);
        pthread_barrier_wait(&finisher.barrier);
        if (!deployments_undeploy(s->db, s->account, name, &err))
            fail_msg("%s: %s", err.message, err.detail);
    }
    pthread_join(finisher.thread, NULL);
    pthread_barrier_destroy(&finisher.barrier);
    assert_int_equal(finisher.failures, 0);
    assert_int_equal(
        support_int(s, "select count(*) from deployments where status = 'UNDEPLOYING'", PG_NONE),
        ROUNDS);
}

#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, with_model, drop_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(replicas_spread_then_stack),
        WITH_MODEL(workers_and_the_dead_hold_nothing),
        WITH_MODEL(auto_scale_reaches_every_instance),
        WITH_MODEL(a_dead_instances_replicas_start_cold_elsewhere),
        WITH_MODEL(many_placers_place_once),
        WITH_MODEL(a_finish_makes_it_active_in_one_transaction),
        WITH_MODEL(a_failure_is_told_and_frees_the_instances),
        WITH_MODEL(a_dead_workers_last_run_fails_it),
        WITH_MODEL(undeploying_ends_the_job_and_stays_undone),
        WITH_MODEL(finish_and_undeploy_meet_without_deadlock),
    };

    return cmocka_run_group_tests_name("replicas", tests, NULL, NULL);
}
