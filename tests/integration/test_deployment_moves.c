/* test_deployment_moves.c - deployments follow their jobs, and go away. */
#include "infra/base/thread.h"
#include "infra/store/deployments.h"
#include "infra/store/jobs.h"
#include "infra/store/leases.h"
#include "tests/integration/deployed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_finish_makes_it_active_in_one_transaction(void **state)
{
    struct support *s = *state;
    struct deployment deployment = {0};
    struct error err = {0};
    int run;

    deployed_live(s, "a");
    deployed_make(s, "1", 1, true);
    deployed_place(s, "dep_1");
    run = deployed_claim(s, "job_1");
    assert_int_equal(deployed_finish(s, "job_1", run - 1, "completed"), 0); /* fenced */
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_1")), "DEPLOYING");
    assert_int_equal(deployed_finish(s, "job_1", run, "completed"), 1);
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

    deployed_live(s, "a");
    deployed_make(s, "1", 2, true);
    deployed_place(s, "dep_1");
    assert_int_equal(deployed_finish(s, "job_1", deployed_claim(s, "job_1"), "failed"), 1);
    assert_true(deployments_find(s->db, s->account, NULL, "dep_1", &deployment, &err));
    assert_int_equal(deployment.status, DEPLOYMENT_FAILED);
    assert_string_equal(deployment.error_code, "timed_out");
    assert_string_equal(deployment.error_message, "start one");
    deployment_clear(&deployment);
    deployed_assert_held(s, "dep_1", "");
    assert_false(deployments_find(s->db, "user_other", NULL, "dep_1", &deployment, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_false(deployments_undeploy(s->db, "user_other", "dep_1", &err));
}

static void a_dead_workers_last_run_fails_it(void **state)
{
    struct support *s = *state;
    struct error err = {0};

    deployed_live(s, "a");
    deployed_make(s, "1", 1, true);
    for (int attempt = 1; attempt <= 3; attempt++) {
        assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_1")), "DEPLOYING");
        support_text(s,
                     "update jobs set available_at = now(), revision = revision + 1"
                     " where id = $1 returning 1",
                     PG_VALUES("job_1"));
        deployed_claim(s, "job_1");
        support_text(s,
                     "update leases set until = now() - interval '1 s' where job_id = $1"
                     " returning 1",
                     PG_VALUES("job_1"));
        pg_rows_free(leases_reap(s->db, 10, &err));
    }
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_1")), "FAILED");
}

static void undeploying_ends_the_job_and_stays_undone(void **state)
{
    struct support *s = *state;
    struct error err = {0};
    int run;

    deployed_live(s, "a");
    deployed_make(s, "waits", 1, true);
    assert_true(deployments_undeploy(s->db, s->account, "dep_waits", &err));
    assert_string_equal(
        support_text(s, "select status from jobs where id = $1", PG_VALUES("job_waits")),
        "CANCELLED");
    deployed_make(s, "runs", 1, true);
    deployed_place(s, "dep_runs");
    run = deployed_claim(s, "job_runs");
    assert_true(deployments_undeploy(s->db, s->account, "dep_runs", &err));
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_runs")), "UNDEPLOYING");
    assert_int_equal(deployed_finish(s, "job_runs", run, "completed"), 1); /* it was done already */
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_runs")), "UNDEPLOYING");
    assert_int_equal(deployed_replace(s), 2);
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_waits")), "UNDEPLOYED");
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_runs")), "UNDEPLOYED");
    deployed_assert_held(s, "dep_runs", "");
    assert_true(deployments_undeploy(s->db, s->account, "dep_runs", &err));
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_runs")), "UNDEPLOYED");
}

/* A finish and an undeploy of the same deployments, at the same moments. */
struct finisher {
    struct support *s;
    pthread_t thread;
    pthread_barrier_t barrier;
    int runs[DEPLOYED_ROUNDS];
    int failures;
};

static void *finish_all(void *context)
{
    struct finisher *finisher = context;
    struct error err = {0};
    struct pg *db = pg_open(finisher->s->url, &err);

    for (int at = 0; at < DEPLOYED_ROUNDS; at++) {
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

    deployed_live(s, "a");
    for (int at = 0; at < DEPLOYED_ROUNDS; at++) {
        snprintf(name, sizeof name, "%d", at);
        deployed_make(s, name, 1, true);
        snprintf(name, sizeof name, "job_%d", at);
        finisher.runs[at] = deployed_claim(s, name);
    }
    pthread_barrier_init(&finisher.barrier, NULL, 2);
    assert_true(thread_start(&finisher.thread, finish_all, &finisher, &err));
    for (int at = 0; at < DEPLOYED_ROUNDS; at++) {
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
        DEPLOYED_ROUNDS);
}

#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, deployed_setup, deployed_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(a_finish_makes_it_active_in_one_transaction),
        WITH_MODEL(a_failure_is_told_and_frees_the_instances),
        WITH_MODEL(a_dead_workers_last_run_fails_it),
        WITH_MODEL(undeploying_ends_the_job_and_stays_undone),
        WITH_MODEL(finish_and_undeploy_meet_without_deadlock),
    };

    return cmocka_run_group_tests_name("deployment_moves", tests, NULL, NULL);
}
