/* test_replicas.c - where replicas are placed, and that they are placed once however many place
 * them. */
#include "infra/base/thread.h"
#include "infra/store/instances.h"
#include "tests/integration/deployed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SESSIONS = 4 };

static const char SLOTS[] = "select coalesce(string_agg(slot::text, ' ' order by slot), '')"
                            "  from replicas where deployment_id = $1";
static const char WARM[] =
    "select count(*) from replicas where deployment_id = $1 and state = 'warm'";

static void replicas_spread_then_stack(void **state)
{
    struct support *s = *state;
    struct placement placement;

    deployed_make(s, "1", 3, false);
    deployed_make(s, "2", 1, false);
    placement = deployed_place(s, "dep_1");
    assert_int_equal(placement.live, 0);
    assert_int_equal(placement.wanted, 3);
    deployed_assert_held(s, "dep_1", "");
    deployed_live(s, "a");
    deployed_live(s, "b");
    placement = deployed_place(s, "dep_1");
    assert_int_equal(placement.live, 2);
    assert_int_equal(placement.warm, 0);
    assert_int_equal(placement.status, DEPLOYMENT_DEPLOYING);
    deployed_assert_held(s, "dep_1", "a:2 b:1");
    assert_string_equal(support_text(s, SLOTS, PG_VALUES("dep_1")), "0 1 2");
    deployed_place(s, "dep_2"); /* on the one that holds less */
    deployed_assert_held(s, "dep_2", "b:1");
    deployed_place(s, "dep_1");
    deployed_assert_held(s, "dep_1", "a:2 b:1");
}

static void workers_and_the_dead_hold_nothing(void **state)
{
    struct support *s = *state;
    struct error err = {0};

    assert_true(instances_heartbeat(s->db, "worker", "worker", NULL, 0, &err));
    deployed_live(s, "dead");
    deployed_dies(s, "dead");
    deployed_make(s, "1", 2, true);
    assert_int_equal(deployed_place(s, "dep_1").live, 0);
    deployed_live(s, "a");
    deployed_place(s, "dep_1");
    deployed_assert_held(s, "dep_1", "a:2");
}

static void auto_scale_reaches_every_instance(void **state)
{
    struct support *s = *state;

    deployed_live(s, "a");
    deployed_make(s, "1", 1, true);
    deployed_make(s, "2", 2, false);
    deployed_make_active(s, "1");
    deployed_make_active(s, "2");
    deployed_assert_held(s, "dep_2", "a:2");
    deployed_live(s, "b");
    deployed_live(s, "c");
    assert_int_equal(deployed_replace(s), 2);
    deployed_assert_held(s, "dep_1", "a:1 b:1 c:1");
    assert_int_equal(support_int(s,
                                 "select count(distinct instance) from replicas"
                                 " where deployment_id = $1",
                                 PG_VALUES("dep_2")),
                     2);
    assert_int_equal(deployed_replace(s), 0); /* nothing is left to do */
    deployed_dies(s, "a");
    assert_int_equal(deployed_replace(s), 2);
    deployed_assert_held(s, "dep_1", "b:1 c:1");
    deployed_assert_held(s, "dep_2", "b:1 c:1");
    assert_int_equal(deployed_replace(s), 0);
}

static void a_dead_instances_replicas_start_cold_elsewhere(void **state)
{
    struct support *s = *state;
    struct error err = {0};

    deployed_live(s, "a");
    deployed_live(s, "b");
    deployed_make(s, "1", 2, false);
    deployed_place(s, "dep_1");
    assert_true(replicas_warm(s->db, "a", "dep_1", &err));
    assert_true(replicas_trouble(s->db, "b", "dep_1", "no file", &err));
    assert_string_equal(deployed_place(s, "dep_1").trouble, "no file");
    assert_true(replicas_warm(s->db, "b", "dep_1", &err));
    assert_true(replicas_warm(s->db, "nobody", "dep_1", &err));
    assert_int_equal(deployed_place(s, "dep_1").warm, 2);
    assert_string_equal(deployed_place(s, "dep_1").trouble, "");
    deployed_make_active(s, "1");
    deployed_dies(s, "b");
    assert_int_equal(deployed_replace(s), 1);
    deployed_assert_held(s, "dep_1", "a:2");
    assert_int_equal(support_int(s, WARM, PG_VALUES("dep_1")), 1);
    assert_string_equal(support_text(s, DEPLOYED_STATUS, PG_VALUES("dep_1")), "ACTIVE");
    deployed_dies(s, "a"); /* the last: what was placed stays, for when it comes back */
    assert_int_equal(deployed_replace(s), 0);
    deployed_assert_held(s, "dep_1", "a:2");
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
    for (int round = 0; placer->ok && round < DEPLOYED_ROUNDS; round++)
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

    deployed_live(s, "a");
    deployed_live(s, "b");
    deployed_live(s, "c");
    deployed_make(s, "1", 4, false);
    deployed_make(s, "2", 1, true);
    deployed_make_active(s, "1");
    deployed_make_active(s, "2");
    for (size_t at = 0; at < SESSIONS; at++) {
        placers[at] = (struct placer){.s = s};
        assert_true(thread_start(&placers[at].thread, place_again_and_again, &placers[at], &err));
    }
    for (int round = 0; round < DEPLOYED_ROUNDS;
         round++) { /* an instance that comes and goes meanwhile */
        deployed_dies(s, "b");
        deployed_replace(s);
        deployed_live(s, "b");
    }
    for (size_t at = 0; at < SESSIONS; at++) {
        pthread_join(placers[at].thread, NULL);
        assert_true(placers[at].ok);
    }
    deployed_replace(s);
    assert_int_equal(deployed_replace(s), 0);
    assert_string_equal(support_text(s, SLOTS, PG_VALUES("dep_1")), "0 1 2 3");
    deployed_assert_held(s, "dep_2", "a:1 b:1 c:1");
}

#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, deployed_setup, deployed_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(replicas_spread_then_stack),
        WITH_MODEL(workers_and_the_dead_hold_nothing),
        WITH_MODEL(auto_scale_reaches_every_instance),
        WITH_MODEL(a_dead_instances_replicas_start_cold_elsewhere),
        WITH_MODEL(many_placers_place_once),
    };

    return cmocka_run_group_tests_name("replicas", tests, NULL, NULL);
}
