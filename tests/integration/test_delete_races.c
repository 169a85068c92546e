/*
 * test_delete_races.c - models are deleted while their builds are asked for, claimed, cancelled,
 * finished and taken back, all at once: nobody deadlocks, and nothing deleted comes back.
 */
#include "infra/base/ids.h"
#include "infra/base/thread.h"
#include "infra/store/jobs.h"
#include "infra/store/leases.h"
#include "infra/store/models.h"
#include "infra/store/versions.h"
#include "tests/integration/support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES = 5, SUBMITS = 120, CANCELS = 60, LIVES = 8, BATCH = 4 };

struct fixture {
    struct support s;
    atomic_int makers; /* those who make or delete, and have not ended */
    pthread_mutex_t lock;
    struct error failure; /* the first that nobody expected */
};

/* One of those who race; its numbers are its own, from a seed. */
struct racer {
    struct fixture *f;
    void (*step)(struct racer *racer, struct error *err);
    int steps; /* 0: as long as others make something */
    unsigned random;
    char owner[16];
    struct pg *db;
    pthread_t thread;
};

static int with_database(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    support_init(&f->s);
    pthread_mutex_init(&f->lock, NULL);
    *state = f;
    return 0;
}

static int without_database(void **state)
{
    struct fixture *f = *state;

    support_clear(&f->s);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return 0;
}

static unsigned draw(struct racer *racer, unsigned below)
{
    racer->random = racer->random * 1103515245u + 12345u;
    return (racer->random >> 16) % below;
}

static const char *draw_name(struct racer *racer)
{
    static const char *const MODELS[NAMES] = {"m0", "m1", "m2", "m3", "m4"};

    return MODELS[draw(racer, NAMES)];
}

/* What they do ----------------------------------------------------------------------------------*/

static bool insert_first(struct racer *racer, const char *name, struct id *model, struct id version,
                         struct id job, struct error *err)
{
    char created_at[STORE_TIME_BYTES];

    *model = id_new("mdl");
    return models_insert(racer->db,
                         &(struct new_model){.id = model->text,
                                             .account = racer->f->s.account,
                                             .name = name,
                                             .display_name = name,
                                             .intent = "predict it",
                                             .tags = "[]",
                                             .dataset_id = "upload_1",
                                             .created_by = racer->f->s.account,
                                             .version_id = version.text,
                                             .job_id = job.text},
                         created_at, err);
}

static bool insert_next(struct racer *racer, const char *name, const char *model, struct id version,
                        struct id job, struct error *err)
{
    char created_at[STORE_TIME_BYTES];
    int number;

    return versions_insert(racer->db,
                           &(struct new_version){.id = version.text,
                                                 .model_id = model,
                                                 .model_name = name,
                                                 .kind = "build",
                                                 .job_id = job.text,
                                                 .intent = "again",
                                                 .dataset_id = "upload_1"},
                           &number, created_at, err);
}

/* A model's first version, or its next. */
static bool insert_version(struct racer *racer, const char *name, struct id *model,
                           struct id version, struct id job, struct error *err)
{
    struct version_base base;
    bool ok;

    if (!versions_base(racer->db, racer->f->s.account, name, ORIGIN_MODEL, &base, err)) {
        if (err->code != ERROR_NOT_FOUND)
            return false;
        *err = (struct error){0};
        return insert_first(racer, name, model, version, job, err);
    }
    snprintf(model->text, sizeof model->text, "%s", base.model_id);
    ok = insert_next(racer, name, base.model_id, version, job, err);
    version_base_clear(&base);
    return ok;
}

static void submit(struct racer *racer, struct error *err)
{
    const char *name = draw_name(racer);
    struct id version = id_new("ver");
    struct id job = id_new("job");
    struct id model = {0};
    int64_t outbox_id;

    if (pg_begin(racer->db, err) && insert_version(racer, name, &model, version, job, err) &&
        jobs_insert(racer->db,
                    &(struct new_job){.id = job.text,
                                      .account = racer->f->s.account,
                                      .pool = "predict",
                                      .kind = "model_build",
                                      .key = model.text,
                                      .model_id = model.text,
                                      .model_name = name,
                                      .version_id = version.text,
                                      .message = "{}",
                                      .topic_key = name},
                    &outbox_id, err) &&
        pg_commit(racer->db, err))
        return;
    pg_rollback(racer->db);
}

/* Deletes a model that has some versions by now, so that there is something to delete. */
static void delete_one(struct racer *racer, struct error *err)
{
    static const char SQL[] = "select name from models where deleted_at is null"
                              "   and last_version > $1::int order by random() limit 1";
    struct deleted_model deleted;
    struct pg_rows *rows =
        pg_query(racer->db, SQL, PG_VALUES(pg_number(draw(racer, LIVES)).text), err);

    if (rows != NULL && pg_rows_count(rows) > 0 &&
        models_delete(racer->db, racer->f->s.account, pg_text(rows, 0, 0), &deleted, err))
        assert_true(deleted.version > 0);
    pg_rows_free(rows);
}

static void cancel_one(struct racer *racer, struct error *err)
{
    static const char SQL[] = "select cancel_job(id, account) from (select id, account from jobs"
                              " where status in ('PENDING', 'RUNNING', 'RETRYING')"
                              " order by random() limit 1) j";
    bool ok = pg_exec(racer->db, SQL, PG_NONE, err);

    (void)ok; /* err tells */
}

static void finish(struct racer *racer, const struct pg_rows *claimed, struct error *err)
{
    static const char *const OUTCOMES[] = {"completed", "completed", "failed", "retry", "back"};
    struct buffer items = {0};

    buffer_add_char(&items, '[');
    for (size_t row = 0; row < pg_rows_count(claimed); row++)
        buffer_printf(
            &items,
            "%s{\"id\":\"%s\",\"run\":%d,\"outcome\":\"%s\",\"version\":{\"digest\":\"d\","
            "\"bytes\":1,\"report\":{},\"training_s\":1}}",
            row == 0 ? "" : ",", pg_text(claimed, row, 0), (int)pg_int(claimed, row, 1),
            OUTCOMES[draw(racer, sizeof OUTCOMES / sizeof *OUTCOMES)]);
    buffer_add_char(&items, ']');
    pg_rows_free(jobs_finish(racer->db, items.data, err));
    buffer_clear(&items);
}

/* Claims some and ends them; a lease may be over at once, and somebody may die with it. */
static void work(struct racer *racer, struct error *err)
{
    struct pg_rows *waiting = jobs_waiting(racer->db, "predict", BATCH, BATCH, err);
    const char *ids[BATCH];
    size_t count = waiting == NULL ? 0 : pg_rows_count(waiting);
    struct pg_rows *claimed = NULL;

    for (size_t at = 0; at < count; at++)
        ids[at] = pg_text(waiting, at, 0);
    if (count > 0)
        claimed = jobs_claim(racer->db, "predict", ids, count, racer->owner,
                             draw(racer, 3) == 0 ? 0 : 30, err);
    if (claimed != NULL && pg_rows_count(claimed) > 0)
        finish(racer, claimed, err);
    pg_rows_free(claimed);
    pg_rows_free(waiting);
}

static void reap(struct racer *racer, struct error *err)
{
    pg_rows_free(leases_reap(racer->db, 10, err));
}

/* The race --------------------------------------------------------------------------------------*/

/* What is not there, or there already, is no failure here: others were faster. */
static void note(struct fixture *f, const struct error *err)
{
    if (err->code == ERROR_NONE || err->code == ERROR_NOT_FOUND || err->code == ERROR_CONFLICT)
        return;
    pthread_mutex_lock(&f->lock);
    if (f->failure.code == ERROR_NONE)
        f->failure = *err;
    pthread_mutex_unlock(&f->lock);
}

static void *race(void *context)
{
    struct racer *racer = context;
    bool makes = racer->steps > 0;

    for (int step = 0; makes ? step < racer->steps : atomic_load(&racer->f->makers) > 0; step++) {
        struct error err = {0};

        racer->step(racer, &err);
        note(racer->f, &err);
    }
    if (makes)
        atomic_fetch_sub(&racer->f->makers, 1);
    return NULL;
}

static void start(struct fixture *f, struct racer *racers, size_t count)
{
    struct error err = {0};

    for (size_t at = 0; at < count; at++) {
        struct racer *racer = &racers[at];

        racer->f = f;
        racer->random = (unsigned)at + 1;
        snprintf(racer->owner, sizeof racer->owner, "worker-%zu", at);
        assert_non_null(racer->db = pg_open(f->s.url, &err));
        if (racer->steps > 0)
            atomic_fetch_add(&f->makers, 1);
    }
    for (size_t at = 0; at < count; at++)
        assert_true(thread_start(&racers[at].thread, race, &racers[at], &err));
}

/* Ends what is left, as workers would. */
static void settle(struct fixture *f, struct racer *worker)
{
    static const char LEFT[] = "select count(*) from jobs where completed_at is null";

    while (support_int(&f->s, LEFT, PG_NONE) > 0 && f->failure.code == ERROR_NONE) {
        struct error err = {0};

        work(worker, &err);
        reap(worker, &err);
        note(f, &err);
        assert_true(pg_exec(f->s.db,
                            "update jobs set available_at = now(), revision = revision + 1"
                            " where status = 'RETRYING' and available_at > clock_timestamp()",
                            PG_NONE, &err));
    }
}

static void nothing_deleted_comes_back(void **state)
{
    static const char *const NONE[] = {
        /* what is deleted is deleted whole, what is not is not */
        "select count(*) from versions v join models m on m.id = v.model_id"
        " where (m.deleted_at is not null) <> (v.status = 'DELETED')",
        /* numbers are distinct, and all were used */
        "select count(*) from models m where last_version <>"
        " (select count(distinct version) from versions v where v.model_id = m.id)",
        "select count(*) from leases",
        "select count(*) from versions v join jobs j on j.id = v.job_id"
        " where v.status = 'READY' and j.status <> 'COMPLETED'",
        "select count(*) from versions where status in ('DRAFT', 'BUILDING')",
        /* every revision was told, in order */
        "select count(*) from (select max(revision) - count(distinct revision) as gap"
        " from events_outbox group by entity) e where gap <> 0",
        "select count(*) from (select revision, lag(revision) over (partition by entity order by "
        "id)"
        " as before from events_outbox) e where before >= revision",
        "select count(*) from models m where deleted_at is not null and not exists"
        " (select from events_outbox e where e.entity = m.id and e.type = "
        "'trainyard.model.deleted')",
    };
    struct racer racers[] = {
        {.step = submit, .steps = SUBMITS},
        {.step = submit, .steps = SUBMITS},
        {.step = submit, .steps = SUBMITS},
        {.step = cancel_one, .steps = CANCELS},
        {.step = delete_one},
        {.step = delete_one},
        {.step = work},
        {.step = work},
        {.step = work},
        {.step = reap},
    };
    enum { RACERS = sizeof racers / sizeof *racers };
    struct fixture *f = *state;

    start(f, racers, RACERS);
    for (size_t at = 0; at < RACERS; at++)
        pthread_join(racers[at].thread, NULL);
    settle(f, &racers[RACERS - 2]);
    for (size_t at = 0; at < RACERS; at++)
        pg_close(racers[at].db);
    if (f->failure.code != ERROR_NONE)
        fail_msg("%s (%s)", f->failure.message, f->failure.detail);
    assert_true(support_int(&f->s, "select count(*) from models where deleted_at is not null",
                            PG_NONE) > NAMES);
    for (size_t at = 0; at < sizeof NONE / sizeof *NONE; at++)
        if (support_int(&f->s, NONE[at], PG_NONE) != 0)
            fail_msg("not 0: %s", NONE[at]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_deleted_comes_back),
    };

    return cmocka_run_group_tests_name("delete_races", tests, with_database, without_database);
}
