/* test_claims.c - the moves of a job, against a real PostgreSQL, also from two sessions at once. */
#include "infra/base/thread.h"
#include "infra/store/jobs.h"
#include "infra/store/leases.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char STATUS[] = "select status from jobs where id = $1";
static const char LIMIT_ONE[] =
    "update limits set max_running = 1 where pool = 'predict' returning 1";
static const char EXPIRE[] =
    "update leases set until = clock_timestamp() - interval '1 s' returning 1";
static const char AVAILABLE[] = "update jobs set available_at = clock_timestamp(), revision = "
                                "revision + 1 where id = $1 returning 1";

static int with_database(void **state)
{
    static struct support support;

    support_init(&support);
    *state = &support;
    return 0;
}

static int drop_database(void **state)
{
    support_clear(*state);
    return 0;
}

static size_t claim(struct pg *db, const char *const *ids, size_t count, const char *owner)
{
    struct error err = {0};
    struct pg_rows *rows = jobs_claim(db, "predict", ids, count, owner, 30, &err);
    size_t won;

    if (rows == NULL)
        fail_msg("%s: %s", err.message, err.detail);
    won = pg_rows_count(rows);
    pg_rows_free(rows);
    return won;
}

static size_t claim_one(struct support *support, const char *id, const char *owner)
{
    return claim(support->db, &id, 1, owner);
}

static size_t finish(struct support *support, const char *id, int run, const char *outcome)
{
    char items[512];
    struct error err = {0};
    struct pg_rows *rows;
    size_t took;

    snprintf(items, sizeof items,
             "[{\"id\":\"%s\",\"run\":%d,\"outcome\":\"%s\",\"code\":\"x\",\"message\":\"y\","
             "\"wait_s\":0,\"lines\":0}]",
             id, run, outcome);
    rows = jobs_finish(support->db, items, &err);
    if (rows == NULL)
        fail_msg("%s: %s", err.message, err.detail);
    took = pg_rows_count(rows);
    pg_rows_free(rows);
    return took;
}

static void assert_status(struct support *support, const char *id, const char *wanted)
{
    assert_string_equal(support_text(support, STATUS, PG_VALUES(id)), wanted);
}

/* Two sessions that claim at the same moment. */
struct race {
    struct support *support;
    const char *ids[2];
    size_t ids_count;
    const char *owner;
    pthread_barrier_t *barrier;
    size_t won;
};

static void *run_race(void *context)
{
    struct race *race = context;
    struct error err = {0};
    struct pg *db = pg_open(race->support->url, &err);
    struct pg_rows *rows = NULL;

    pthread_barrier_wait(race->barrier);
    if (db != NULL)
        rows = jobs_claim(db, "predict", race->ids, race->ids_count, race->owner, 30, &err);
    race->won = rows == NULL ? 1000 : pg_rows_count(rows);
    pg_rows_free(rows);
    pg_close(db);
    return NULL;
}

/* How many of two jobs are won by two sessions at once, each asking for one of them. */
static size_t race_for(struct support *support, const char *first, const char *second)
{
    pthread_barrier_t barrier;
    struct race races[2] = {
        {.support = support, .ids = {first}, .ids_count = 1, .owner = "a", .barrier = &barrier},
        {.support = support, .ids = {second}, .ids_count = 1, .owner = "b", .barrier = &barrier}};
    pthread_t threads[2];
    struct error err = {0};

    pthread_barrier_init(&barrier, NULL, 2);
    for (int at = 0; at < 2; at++)
        assert_true(thread_start(&threads[at], run_race, &races[at], &err));
    for (int at = 0; at < 2; at++)
        pthread_join(threads[at], NULL);
    pthread_barrier_destroy(&barrier);
    return races[0].won + races[1].won;
}

static void a_claim_has_one_winner(void **state)
{
    support_insert_job(*state, "job_a", NULL);
    assert_int_equal(claim_one(*state, "job_a", "a"), 1);
    assert_int_equal(claim_one(*state, "job_a", "b"), 0);
    assert_status(*state, "job_a", "RUNNING");
}

static void two_sessions_at_once_claim_a_job_once(void **state)
{
    char id[32];

    for (int round = 0; round < 30; round++) {
        snprintf(id, sizeof id, "job_%d", round);
        support_insert_job(*state, id, NULL);
        assert_int_equal(race_for(*state, id, id), 1);
    }
}

static void two_sessions_at_once_get_one_job_of_a_key(void **state)
{
    char ids[2][32];
    char key[32];

    for (int round = 0; round < 30; round++) {
        snprintf(key, sizeof key, "key_%d", round);
        for (int at = 0; at < 2; at++) {
            snprintf(ids[at], sizeof ids[at], "job_%d_%d", round, at);
            support_insert_job(*state, ids[at], key);
        }
        assert_int_equal(race_for(*state, ids[0], ids[1]), 1);
    }
}

static void two_sessions_at_once_get_the_last_place_of_an_account_once(void **state)
{
    char ids[2][32];

    assert_int_equal(support_int(*state, LIMIT_ONE, PG_NONE), 1);
    for (int round = 0; round < 30; round++) {
        size_t won;

        for (int at = 0; at < 2; at++) {
            snprintf(ids[at], sizeof ids[at], "job_%d_%d", round, at);
            support_insert_job(*state, ids[at], NULL);
        }
        won = race_for(*state, ids[0], ids[1]);
        assert_int_equal(won, 1);
        finish(*state, ids[0], 1, "completed");
        finish(*state, ids[1], 1, "completed");
    }
}

static void a_batch_claims_one_job_of_a_key_and_no_more_than_the_limit(void **state)
{
    const char *ids[] = {"job_1", "job_2", "job_3", "job_4"};

    assert_int_equal(
        support_int(*state, "update limits set max_running = 2 where pool = 'predict' returning 1",
                    PG_NONE),
        1);
    support_insert_job(*state, ids[0], "k");
    support_insert_job(*state, ids[1], "k");
    support_insert_job(*state, ids[2], NULL);
    support_insert_job(*state, ids[3], NULL);
    assert_int_equal(claim(((struct support *)*state)->db, ids, 4, "a"), 2);
    assert_status(*state, "job_1", "RUNNING");
    assert_status(*state, "job_2", "PENDING");
    assert_status(*state, "job_3", "RUNNING");
    assert_status(*state, "job_4", "PENDING");
}

static void a_finish_of_an_older_run_has_no_effect(void **state)
{
    support_insert_job(*state, "job_a", NULL);
    assert_int_equal(claim_one(*state, "job_a", "a"), 1);
    assert_int_equal(finish(*state, "job_a", 1, "retry"), 1);
    assert_status(*state, "job_a", "RETRYING");
    assert_int_equal(claim_one(*state, "job_a", "b"), 1);
    assert_int_equal(finish(*state, "job_a", 1, "completed"), 0);
    assert_status(*state, "job_a", "RUNNING");
    assert_int_equal(finish(*state, "job_a", 2, "completed"), 1);
    assert_status(*state, "job_a", "COMPLETED");
    assert_int_equal(finish(*state, "job_a", 2, "completed"), 0);
}

static void a_job_that_fails_too_often_is_buried(void **state)
{
    support_insert_job(*state, "job_a", NULL);
    for (int run = 1; run <= 3; run++) {
        assert_int_equal(claim_one(*state, "job_a", "a"), 1);
        assert_int_equal(finish(*state, "job_a", run, "retry"), 1);
    }
    assert_status(*state, "job_a", "FAILED");
    assert_int_equal(
        support_int(*state, "select count(*) from outbox where topic = 'jobs.dead'", PG_NONE), 1);
}

static void a_hand_back_counts_as_no_failure(void **state)
{
    support_insert_job(*state, "job_a", NULL);
    for (int run = 1; run <= 5; run++) {
        assert_int_equal(claim_one(*state, "job_a", "a"), 1);
        assert_int_equal(finish(*state, "job_a", run, "back"), 1);
        assert_status(*state, "job_a", "RETRYING");
    }
    assert_int_equal(support_int(*state, "select failures from jobs where id = 'job_a'", PG_NONE),
                     0);
}

static void the_reaper_takes_back_what_ran_out_and_nothing_else(void **state)
{
    struct support *support = *state;
    struct error err = {0};
    struct pg_rows *rows;

    support_insert_job(support, "job_a", NULL);
    assert_int_equal(claim_one(support, "job_a", "dead"), 1);
    rows = leases_reap(support->db, 10, &err);
    assert_int_equal(pg_rows_count(rows), 0);
    pg_rows_free(rows);
    assert_int_equal(support_int(support, EXPIRE, PG_NONE), 1);
    rows = leases_reap(support->db, 10, &err);
    assert_int_equal(pg_rows_count(rows), 1);
    pg_rows_free(rows);
    assert_status(support, "job_a", "RETRYING");
    assert_int_equal(finish(support, "job_a", 1, "completed"), 0);
    support_int(support, AVAILABLE, PG_VALUES("job_a"));
    assert_int_equal(claim_one(support, "job_a", "b"), 1);
}

static void a_lease_nobody_reaped_may_be_renewed_late(void **state)
{
    struct support *support = *state;
    struct error err = {0};
    struct pg_rows *rows;

    support_insert_job(support, "job_a", NULL);
    assert_int_equal(claim_one(support, "job_a", "a"), 1);
    support_int(support, EXPIRE, PG_NONE);
    rows = leases_renew(support->db, "a", 30, &err);
    assert_int_equal(pg_rows_count(rows), 1);
    pg_rows_free(rows);
    rows = leases_reap(support->db, 10, &err);
    assert_int_equal(pg_rows_count(rows), 0);
    pg_rows_free(rows);
}

static void a_cancel_ends_what_waits_and_asks_what_runs(void **state)
{
    struct support *support = *state;
    enum job_status status;
    struct error err = {0};

    support_insert_job(support, "job_waits", NULL);
    support_insert_job(support, "job_runs", NULL);
    assert_int_equal(claim_one(support, "job_runs", "a"), 1);
    assert_true(jobs_cancel(support->db, support->account, "job_waits", &status, &err));
    assert_int_equal(status, JOB_CANCELLED);
    assert_true(jobs_cancel(support->db, support->account, "job_runs", &status, &err));
    assert_int_equal(status, JOB_CANCELLING);
    assert_true(jobs_cancel(support->db, support->account, "job_runs", &status, &err));
    assert_int_equal(status, JOB_CANCELLING);
    assert_int_equal(finish(support, "job_runs", 1, "cancelled"), 1);
    assert_status(support, "job_runs", "CANCELLED");
    assert_false(jobs_cancel(support->db, "user_other", "job_runs", &status, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void work_finished_while_cancelling_is_kept(void **state)
{
    struct support *support = *state;
    enum job_status status;
    struct error err = {0};

    support_insert_job(support, "job_a", NULL);
    claim_one(support, "job_a", "a");
    assert_true(jobs_cancel(support->db, support->account, "job_a", &status, &err));
    assert_int_equal(finish(support, "job_a", 1, "completed"), 1);
    assert_status(support, "job_a", "COMPLETED");
}

static void each_revision_has_its_event(void **state)
{
    support_insert_job(*state, "job_a", NULL);
    claim_one(*state, "job_a", "a");
    finish(*state, "job_a", 1, "completed");
    assert_string_equal(
        support_text(
            *state,
            "select string_agg(revision || ':' || type, ' ' order by id) from events_outbox"
            " where entity = 'job_a'",
            PG_NONE),
        "1:trainyard.job.pending 2:trainyard.job.running 3:trainyard.job.completed");
}

static void an_account_with_too_many_waiting_jobs_is_told_so(void **state)
{
    struct support *support = *state;
    int64_t outbox_id;
    struct error err = {0};
    struct new_job job = {.id = "job_b",
                          .account = support->account,
                          .pool = "predict",
                          .kind = "predict",
                          .message = "{}",
                          .topic_key = "k"};

    support_int(support, "update limits set max_waiting = 1 where pool = 'predict' returning 1",
                PG_NONE);
    support_insert_job(support, "job_a", NULL);
    assert_false(jobs_insert(support->db, &job, &outbox_id, &err));
    assert_int_equal(err.code, ERROR_RATE_LIMIT);
}

#define on_a_database(test) cmocka_unit_test_setup_teardown(test, with_database, drop_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_a_database(a_claim_has_one_winner),
        on_a_database(two_sessions_at_once_claim_a_job_once),
        on_a_database(two_sessions_at_once_get_one_job_of_a_key),
        on_a_database(two_sessions_at_once_get_the_last_place_of_an_account_once),
        on_a_database(a_batch_claims_one_job_of_a_key_and_no_more_than_the_limit),
        on_a_database(a_finish_of_an_older_run_has_no_effect),
        on_a_database(a_job_that_fails_too_often_is_buried),
        on_a_database(a_hand_back_counts_as_no_failure),
        on_a_database(the_reaper_takes_back_what_ran_out_and_nothing_else),
        on_a_database(a_lease_nobody_reaped_may_be_renewed_late),
        on_a_database(a_cancel_ends_what_waits_and_asks_what_runs),
        on_a_database(work_finished_while_cancelling_is_kept),
        on_a_database(each_revision_has_its_event),
        on_a_database(an_account_with_too_many_waiting_jobs_is_told_so),
    };

    return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
