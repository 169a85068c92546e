/* test_model_cache.c - which models are open; over a predictor of the test's own. */
#include "api/model_cache.h"
#include "api/services.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/base/thread.h"
#include "infra/blob/blob_writer.h"
#include "tests/integration/support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A predictor that stands in for the engine's: it only counts
 * ------------------------------------*/

struct predictor {
    size_t size_bytes;
};

static atomic_int opened;
static atomic_int closed;

struct predictor *predictor_open(const char *path, struct error *err)
{
    struct predictor *predictor = calloc(1, sizeof *predictor);
    struct stat facts;

    (void)err;
    assert_int_equal(stat(path, &facts), 0);
    predictor->size_bytes = (size_t)facts.st_size;
    atomic_fetch_add(&opened, 1);
    return predictor;
}

void predictor_free(struct predictor *predictor)
{
    atomic_fetch_add(&closed, predictor != NULL);
    free(predictor);
}

size_t predictor_size_bytes(const struct predictor *predictor)
{
    return predictor->size_bytes;
}

/* Models in the database ------------------------------------------------------------------------*/

enum { PATIENCE_MS = 20000, ARTIFACT_BYTES = 400 << 10 };

struct fixture {
    struct support s;
    char dir[64];
    struct config config;
    struct services services;
    struct model_cache *cache;
};

static int with_cache(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};

    support_init(&f->s);
    strcpy(f->dir, "/tmp/test_models_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->config.model_cache_mb = 1;
    f->services =
        (struct services){.config = &f->config, .db = f->s.pool, .blobs = blobs_open(f->dir, &err)};
    assert_non_null(f->services.blobs);
    atomic_store(&opened, 0);
    atomic_store(&closed, 0);
    f->cache = model_cache_new(&f->services, &err);
    assert_non_null(f->cache);
    *state = f;
    return 0;
}

static int without_cache(void **state)
{
    struct fixture *f = *state;
    char command[128];

    model_cache_free(f->cache);
    assert_int_equal(atomic_load(&opened), atomic_load(&closed));
    blobs_close(f->services.blobs);
    support_clear(&f->s);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void add_model(struct fixture *f, const char *name)
{
    static const char SQL[] =
        "insert into models (id, account, name, display_name, intent, dataset_id, created_by)"
        "values ('model_' || $2, $1, $2, $2, 'x', 'ds', $1)";
    struct error err = {0};

    assert_true(pg_exec(f->s.db, SQL, PG_VALUES(f->s.account, name), &err));
}

static void add_version(struct fixture *f, const char *name, int version)
{
    static const char SQL[] = "insert into versions (id, model_id, account, version, job_id,"
                              " intent, dataset_id)"
                              "values ('ver_' || $2 || $3, 'model_' || $2, $1, $3::int,"
                              " 'job_' || $2 || $3, 'x', 'ds')";
    struct error err = {0};

    assert_true(
        pg_exec(f->s.db, SQL, PG_VALUES(f->s.account, name, pg_number(version).text), &err));
}

static void set_status(struct fixture *f, const char *name, int version, const char *status,
                       const char *digest)
{
    static const char SQL[] =
        "update versions set status = $2, artifact_digest = $3, report = '{}',"
        " revision = revision + 1, updated_at = clock_timestamp() where id = 'ver_' || $1 || $4";
    struct error err = {0};

    assert_true(
        pg_exec(f->s.db, SQL, PG_VALUES(name, status, digest, pg_number(version).text), &err));
}

static void make_ready(struct fixture *f, const char *name, int version)
{
    struct error err = {0};
    struct blob_writer *writer = blob_writer_new(f->services.blobs, ARTIFACT_BYTES, &err);
    char *bytes = calloc(1, ARTIFACT_BYTES);
    char digest[DIGEST_BYTES];

    snprintf(bytes, ARTIFACT_BYTES, "%s %d", name, version);
    assert_true(blob_writer_add(writer, bytes, ARTIFACT_BYTES, &err));
    assert_true(blob_writer_end(writer, digest, &err));
    blob_writer_free(writer);
    free(bytes);
    set_status(f, name, version, "READY", digest);
}

static void add_ready(struct fixture *f, const char *name)
{
    add_model(f, name);
    add_version(f, name, 1);
    make_ready(f, name, 1);
}

/* The version that a word means, "" and err when it means none. */
static const char *version_of(struct fixture *f, const char *name, const char *word,
                              struct error *err)
{
    static char version[16];
    const struct open_model *model = model_cache_borrow(f->cache, f->s.account, name, word, err);

    snprintf(version, sizeof version, "%s", model == NULL ? "" : model->version);
    model_cache_return(f->cache, model);
    return version;
}

static void wait_for_version(struct fixture *f, const char *name, const char *word,
                             const char *wanted)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct error err = {0};

    while (strcmp(version_of(f, name, word, &err), wanted) != 0)
        assert_true(clock_monotonic_ms() < deadline_ms);
}

/* Tests -----------------------------------------------------------------------------------------*/

static void all_words_mean_one_open_model(void **state)
{
    static const char *const WORDS[] = {"v1.0", "1", "v1", "ver_a1", "latest"};
    struct fixture *f = *state;
    struct error err = {0};

    add_ready(f, "a");
    for (size_t at = 0; at < sizeof WORDS / sizeof *WORDS; at++)
        assert_string_equal(version_of(f, "a", WORDS[at], &err), "v1.0");
    assert_int_equal(atomic_load(&opened), 1);
}

static void what_is_unknown_is_named(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    add_ready(f, "b");
    assert_string_equal(version_of(f, "nobody", "latest", &err), "");
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no model is named nobody"));
    assert_string_equal(version_of(f, "b", "v7.0", &err), "");
    assert_non_null(strstr(err.message, "no version v7.0"));
    assert_string_equal(version_of(f, "b", "0", &err), "");
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_null(model_cache_borrow(f->cache, "user_other", "b", "latest", &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void a_version_is_served_once_it_is_ready(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    add_model(f, "c");
    add_version(f, "c", 1);
    assert_string_equal(version_of(f, "c", "latest", &err), "");
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_non_null(strstr(err.message, "is DRAFT"));
    make_ready(f, "c", 1);
    wait_for_version(f, "c", "latest", "v1.0");
}

static void latest_moves_and_what_was_deleted_is_gone(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    add_ready(f, "d");
    assert_string_equal(version_of(f, "d", "latest", &err), "v1.0");
    add_version(f, "d", 2);
    assert_string_equal(version_of(f, "d", "latest", &err), "v1.0");
    make_ready(f, "d", 2);
    wait_for_version(f, "d", "latest", "v2.0");
    assert_string_equal(version_of(f, "d", "1", &err), "v1.0");
    set_status(f, "d", 2, "DELETED", NULL);
    wait_for_version(f, "d", "latest", "v1.0");
    wait_for_version(f, "d", "v2.0", "");
}

static void the_least_used_is_closed_when_memory_ends(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    size_t models = 0;
    size_t bytes = 0;

    add_ready(f, "e");
    add_ready(f, "g");
    add_ready(f, "h");
    assert_string_equal(version_of(f, "e", "1", &err), "v1.0");
    assert_string_equal(version_of(f, "g", "1", &err), "v1.0");
    assert_string_equal(version_of(f, "h", "1", &err), "v1.0");
    for (int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS; atomic_load(&closed) < 1;)
        assert_true(clock_monotonic_ms() < end_ms);
    model_cache_usage(f->cache, &models, &bytes);
    assert_int_equal(models, 2);
    assert_int_equal(bytes, 2 * ARTIFACT_BYTES);
    assert_string_equal(version_of(f, "e", "1", &err), "v1.0");
    assert_int_equal(atomic_load(&opened), 4);
}

static void a_borrowed_model_stays_open(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    const struct open_model *model;

    add_ready(f, "i");
    model = model_cache_borrow(f->cache, f->s.account, "i", "1", &err);
    assert_non_null(model);
    set_status(f, "i", 1, "DELETED", NULL);
    wait_for_version(f, "i", "1", "");
    assert_int_equal(atomic_load(&closed), 0);
    assert_int_equal(predictor_size_bytes(model->predictor), ARTIFACT_BYTES);
    assert_string_equal(model->answer_fields, ",\"model_name\":\"i\",\"model_id\":\"i:v1.0\","
                                              "\"model_version\":\"v1.0\"");
    model_cache_return(f->cache, model);
    assert_int_equal(atomic_load(&closed), 1);
}

static void add_deployment(struct fixture *f, const char *name)
{
    static const char SQL[] =
        "insert into deployments (id, account, model_id, version_id, job_id, environment,"
        "                         replicas, auto_scale)"
        "values ('dep_' || $2, $1, 'model_' || $2, 'ver_' || $2 || '1', 'job_dep_' || $2, 'p', 1,"
        "        true)";
    struct error err = {0};

    assert_true(pg_exec(f->s.db, SQL, PG_VALUES(f->s.account, name), &err));
}

static void set_deployment(struct fixture *f, const char *id, const char *status)
{
    static const char SQL[] =
        "update deployments set status = $2, error_message = 'no instance',"
        " revision = revision + 1, updated_at = clock_timestamp() where id = $1";
    struct error err = {0};

    assert_true(pg_exec(f->s.db, SQL, PG_VALUES(id, status), &err));
}

/* Asks for a deployment until the answer has that code. */
static void wait_for_code(struct fixture *f, const char *id, enum error_code wanted,
                          struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;

    do {
        const struct open_model *model =
            model_cache_borrow_deployment(f->cache, f->s.account, id, err);

        if (model != NULL)
            *err = (struct error){0};
        model_cache_return(f->cache, model);
        assert_true(clock_monotonic_ms() < deadline_ms);
    } while (err->code != wanted);
}

static void a_deployment_serves_its_version_until_it_goes(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    const struct open_model *model;

    add_ready(f, "l");
    add_deployment(f, "l");
    assert_string_equal(version_of(f, "l", "1", &err), "v1.0");
    model = model_cache_borrow_deployment(f->cache, f->s.account, "dep_l", &err);
    assert_non_null(model);
    assert_string_equal(model->name, "l");
    assert_string_equal(model->version, "v1.0");
    model_cache_return(f->cache, model);
    assert_int_equal(atomic_load(&opened), 1); /* the same that the version is */
    assert_null(model_cache_borrow_deployment(f->cache, "user_other", "dep_l", &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_string_equal(version_of(f, "dep_l", "latest", &err), ""); /* no model's name */
    set_deployment(f, "dep_l", "FAILED");
    wait_for_code(f, "dep_l", ERROR_CONFLICT, &err);
    assert_non_null(strstr(err.message, "no instance"));
    set_deployment(f, "dep_l", "UNDEPLOYING");
    wait_for_code(f, "dep_l", ERROR_NOT_FOUND, &err);
    assert_string_equal(version_of(f, "l", "1", &err), "v1.0");
}

static void what_is_pinned_is_not_closed(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    const struct open_model *pinned;

    add_ready(f, "n");
    add_ready(f, "o");
    add_ready(f, "p");
    add_deployment(f, "n");
    pinned = model_cache_pin(f->cache, f->s.account, "dep_n", &err);
    assert_non_null(pinned);
    assert_string_equal(version_of(f, "o", "1", &err), "v1.0");
    assert_string_equal(version_of(f, "p", "1", &err), "v1.0"); /* there is room for two */
    for (int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS; atomic_load(&closed) < 1;)
        assert_true(clock_monotonic_ms() < end_ms);
    assert_string_equal(version_of(f, "n", "1", &err), "v1.0");
    assert_int_equal(atomic_load(&opened), 3); /* the pinned one was the least used, and stayed */
    model_cache_unpin(f->cache, pinned);
    assert_string_equal(version_of(f, "o", "1", &err), "v1.0");
    for (int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS; atomic_load(&closed) < 2;)
        assert_true(clock_monotonic_ms() < end_ms);
}

static void a_missing_artifact_is_our_own_fault(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    add_model(f, "j");
    add_version(f, "j", 1);
    set_status(f, "j", 1, "READY",
               "0000000000000000000000000000000000000000000000000000000000000000");
    assert_string_equal(version_of(f, "j", "1", &err), "");
    assert_int_equal(err.code, ERROR_INTERNAL);
}

struct asker {
    struct fixture *f;
    pthread_t thread;
    int served;
};

static void *ask(void *context)
{
    struct asker *asker = context;
    struct error err = {0};

    for (int at = 0; at < 1000; at++) {
        const struct open_model *model =
            model_cache_borrow(asker->f->cache, asker->f->s.account, "k", "latest", &err);

        asker->served += model != NULL;
        model_cache_return(asker->f->cache, model);
    }
    return NULL;
}

static void many_ask_and_one_loads(void **state)
{
    struct fixture *f = *state;
    struct asker askers[8];
    struct error err = {0};

    add_ready(f, "k");
    for (size_t at = 0; at < 8; at++) {
        askers[at] = (struct asker){.f = f};
        assert_true(thread_start(&askers[at].thread, ask, &askers[at], &err));
    }
    for (size_t at = 0; at < 8; at++) {
        pthread_join(askers[at].thread, NULL);
        assert_int_equal(askers[at].served, 1000);
    }
    assert_int_equal(atomic_load(&opened), 1);
}

#define WITH_CACHE(test) cmocka_unit_test_setup_teardown(test, with_cache, without_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CACHE(all_words_mean_one_open_model),
        WITH_CACHE(what_is_unknown_is_named),
        WITH_CACHE(a_version_is_served_once_it_is_ready),
        WITH_CACHE(latest_moves_and_what_was_deleted_is_gone),
        WITH_CACHE(the_least_used_is_closed_when_memory_ends),
        WITH_CACHE(a_borrowed_model_stays_open),
        WITH_CACHE(a_deployment_serves_its_version_until_it_goes),
        WITH_CACHE(what_is_pinned_is_not_closed),
        WITH_CACHE(a_missing_artifact_is_our_own_fault),
        WITH_CACHE(many_ask_and_one_loads),
    };

    return cmocka_run_group_tests_name("model_cache", tests, NULL, NULL);
}
