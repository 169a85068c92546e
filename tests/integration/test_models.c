/* test_models.c - models and versions in the database, against a real PostgreSQL. */
#include "infra/base/ids.h"
#include "infra/store/jobs.h"
#include "infra/store/models.h"
#include "infra/store/versions.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int with_database(void **state)
{
    struct support *s = calloc(1, sizeof *s);

    support_init(s);
    *state = s;
    return 0;
}

static int without_database(void **state)
{
    support_clear(*state);
    free(*state);
    return 0;
}

/* What a test has made. */
struct made {
    struct id model;
    struct id version;
    struct id job;
};

static bool insert(struct support *s, const char *account, const char *name, struct made *made,
                   struct error *err)
{
    char created_at[STORE_TIME_BYTES];

    made->model = id_new("mdl");
    made->version = id_new("ver");
    made->job = id_new("job");
    return models_insert(s->db,
                         &(struct new_model){.id = made->model.text,
                                             .account = account,
                                             .name = name,
                                             .display_name = "A Model",
                                             .intent = "predict it",
                                             .tags = "[\"a\"]",
                                             .dataset_id = "upload_1",
                                             .output_schema = "{\"y\":\"float\"}",
                                             .created_by = account,
                                             .version_id = made->version.text,
                                             .job_id = made->job.text},
                         created_at, err);
}

static struct made new_model(struct support *s, const char *name)
{
    struct error err = {0};
    struct made made;

    assert_true(insert(s, s->account, name, &made, &err));
    return made;
}

/* Adds version number 2 to a model, and says which status a version has. */
static void add_version(struct support *s, const struct made *made, const char *status)
{
    static const char SQL[] =
        "insert into versions (id, model_id, account, version, job_id, intent, dataset_id, status,"
        "  artifact_digest, report) values ($1, $2, $3, 2, $4, 'again', 'upload_1', $5, 'd', '{}')";
    struct error err = {0};

    assert_true(pg_exec(
        s->db, SQL,
        PG_VALUES(id_new("ver").text, made->model.text, s->account, id_new("job").text, status),
        &err));
}

static void set_status(struct support *s, const struct made *made, const char *status)
{
    static const char SQL[] = "update versions set status = $2, artifact_digest = 'd',"
                              " report = '{\"metrics\":{\"accuracy\":0.9}}',"
                              " revision = revision + 1 where id = $1";
    struct error err = {0};

    assert_true(pg_exec(s->db, SQL, PG_VALUES(made->version.text, status), &err));
}

static int current_version(struct support *s, const char *name)
{
    struct error err = {0};
    struct model model = {0};
    int version;

    assert_true(models_find(s->db, s->account, name, &model, &err));
    version = model.version;
    model_clear(&model);
    return version;
}

static void all_statements_fit_the_schema(void **state)
{
    const struct pg_sql *const FILES[] = {&models_sql, &versions_sql};
    struct support *s = *state;

    for (size_t file = 0; file < sizeof FILES / sizeof *FILES; file++)
        for (size_t at = 0; at < FILES[file]->count; at++) {
            struct error err = {0};

            if (!pg_prepare(s->db, FILES[file]->statements[at], &err))
                fail_msg("%s", err.detail);
        }
}

static void a_model_comes_with_its_first_version(void **state)
{
    struct support *s = *state;
    struct made made = new_model(s, "first");
    struct error err = {0};
    struct model model = {0};
    struct version version = {0};

    assert_true(models_find(s->db, s->account, "first", &model, &err));
    assert_string_equal(model.id, made.model.text);
    assert_string_equal(model.display_name, "A Model");
    assert_null(model.description);
    assert_null(model.input_schema);
    assert_string_equal(model.output_schema, "{\"y\":\"float\"}");
    assert_int_equal(model.version, 1);
    assert_int_equal(model.status, VERSION_DRAFT);
    assert_null(model.report);
    assert_int_equal(strlen(model.created_at), strlen("2023-06-15T08:15:45Z"));
    model_clear(&model);
    assert_true(versions_find(s->db, s->account, "first", "v1.0", &version, &err));
    assert_string_equal(version.id, made.version.text);
    assert_string_equal(version.job_id, made.job.text);
    assert_false(version.has_job); /* none was inserted here */
    version_clear(&version);
    version_clear(&version);
}

static void a_name_is_had_once_in_an_account(void **state)
{
    struct support *s = *state;
    struct error err = {0};
    struct made made;

    new_model(s, "taken");
    assert_false(insert(s, s->account, "taken", &made, &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_non_null(strstr(err.message, "/models/taken/versions"));
    assert_int_equal(support_int(s,
                                 "select count(*) from versions v where not exists"
                                 " (select from models m where m.id = v.model_id)",
                                 PG_NONE),
                     0);
}

static void accounts_do_not_see_each_other(void **state)
{
    static const char ACCOUNT[] = "insert into accounts values ('user_other', 'other')";
    struct support *s = *state;
    struct models_filter filter = {.account = "user_other", .sort_by = "created_at", .limit = 20};
    struct error err = {0};
    struct model model = {0};
    struct version version = {0};
    struct pg_rows *rows;
    struct made made;
    int64_t total = -1;

    new_model(s, "mine");
    assert_true(pg_exec(s->db, ACCOUNT, PG_NONE, &err));
    assert_false(models_find(s->db, "user_other", "mine", &model, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_false(versions_find(s->db, "user_other", "mine", "latest", &version, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    rows = models_list(s->db, &filter, &total, &err);
    assert_int_equal(pg_rows_count(rows), 0);
    assert_int_equal(total, 0);
    pg_rows_free(rows);
    assert_true(insert(s, "user_other", "mine", &made, &err)); /* its own, of the same name */
}

static void the_newest_ready_version_is_the_current_one(void **state)
{
    struct support *s = *state;
    struct made made = new_model(s, "current");

    add_version(s, &made, "BUILDING");
    assert_int_equal(current_version(s, "current"), 2); /* none is READY: the newest */
    set_status(s, &made, "READY");
    assert_int_equal(current_version(s, "current"), 1); /* stays while 2 is built */
    assert_true(pg_exec(s->db, "update versions set status = 'READY' where version = 2", PG_NONE,
                        &(struct error){0}));
    assert_int_equal(current_version(s, "current"), 2);
}

static void every_word_for_a_version_is_understood(void **state)
{
    static const struct {
        const char *word;
        int version; /* 0: unknown */
    } CASES[] = {
        {"v1.0", 1},   {"1", 1},     {"v1", 1},   {"latest", 1}, {"v2.0", 2},
        {"2", 2},      {"v3.0", 0},  {"v1.1", 0}, {"", 0},       {"v", 0},
        {"newest", 0}, {"v-1.0", 0}, {"1.0", 1},  {"0", 0},      {"99999999999999999999", 0}};
    struct support *s = *state;
    struct made made = new_model(s, "words");
    struct error err = {0};
    struct version version = {0};

    set_status(s, &made, "READY");
    add_version(s, &made, "BUILDING");
    for (size_t at = 0; at < sizeof CASES / sizeof *CASES; at++) {
        bool found = versions_find(s->db, s->account, "words", CASES[at].word, &version, &err);

        assert_int_equal(found, CASES[at].version != 0);
        if (found)
            assert_int_equal(version.version, CASES[at].version);
        else
            assert_int_equal(err.code, ERROR_NOT_FOUND);
        version_clear(&version);
    }
    assert_true(versions_find(s->db, s->account, "words", made.version.text, &version, &err));
    assert_int_equal(version.version, 1);
    assert_string_equal(version.report, "{\"metrics\":{\"accuracy\":0.9}}");
    version_clear(&version);
}

static void a_version_is_told_with_its_job(void **state)
{
    struct support *s = *state;
    struct made made = new_model(s, "with-job");
    struct error err = {0};
    struct version version = {0};
    int64_t outbox_id;

    assert_true(jobs_insert(s->db,
                            &(struct new_job){.id = made.job.text,
                                              .account = s->account,
                                              .pool = "build",
                                              .kind = "model_build",
                                              .key = made.model.text,
                                              .model_name = "with-job",
                                              .version_id = made.version.text,
                                              .message = "{}",
                                              .topic_key = "k"},
                            &outbox_id, &err));
    assert_true(versions_find(s->db, s->account, "with-job", "1", &version, &err));
    assert_true(version.has_job);
    assert_string_equal(version.job_pool, "build");
    assert_int_equal(version.job_status, JOB_PENDING);
    assert_int_equal(version.progress, 0);
    version_clear(&version);
}

/* The names of a page, between blanks. */
static void page(struct support *s, struct models_filter filter, const char *expected,
                 int64_t expected_total)
{
    struct error err = {0};
    char names[256] = "";
    int64_t total = -1;
    struct pg_rows *rows;

    filter.account = s->account;
    rows = models_list(s->db, &filter, &total, &err);
    assert_non_null(rows);
    for (size_t row = 0; row < pg_rows_count(rows); row++) {
        struct model model;

        model_read(rows, row, &model);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", row == 0 ? "" : " ",
                 model.name);
    }
    pg_rows_free(rows);
    assert_string_equal(names, expected);
    assert_int_equal(total, expected_total);
}

static void pages_are_exact(void **state)
{
    struct support *s = *state;
    struct made b = new_model(s, "b");

    new_model(s, "c");
    new_model(s, "a");
    set_status(s, &b, "READY");
    page(s, (struct models_filter){.sort_by = "name", .ascending = true, .limit = 20}, "a b c", 3);
    page(s, (struct models_filter){.sort_by = "name", .limit = 2}, "c b", 3);
    page(s, (struct models_filter){.sort_by = "name", .limit = 2, .offset = 2}, "a", 3);
    page(s, (struct models_filter){.sort_by = "name", .limit = 2, .offset = 3}, "", 3);
    page(s, (struct models_filter){.sort_by = "created_at", .limit = 20}, "a c b", 3);
    page(s, (struct models_filter){.sort_by = "created_at", .ascending = true, .limit = 1}, "b", 3);
    page(s, (struct models_filter){.sort_by = "name", .status = "READY", .limit = 20}, "b", 1);
    page(s, (struct models_filter){.sort_by = "name", .status = "ERROR", .limit = 20}, "", 0);
}

static void a_deleted_model_is_gone_and_its_name_free(void **state)
{
    struct support *s = *state;
    struct made made = new_model(s, "gone");
    struct error err = {0};
    struct model model = {0};

    assert_true(pg_exec(
        s->db, "update models set deleted_at = now(), revision = revision + 1 where id = $1",
        PG_VALUES(made.model.text), &err));
    assert_false(models_find(s->db, s->account, "gone", &model, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    page(s, (struct models_filter){.sort_by = "name", .limit = 20}, "", 0);
    new_model(s, "gone");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_database, without_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_statements_fit_the_schema),
        TEST(a_model_comes_with_its_first_version),
        TEST(a_name_is_had_once_in_an_account),
        TEST(accounts_do_not_see_each_other),
        TEST(the_newest_ready_version_is_the_current_one),
        TEST(every_word_for_a_version_is_understood),
        TEST(a_version_is_told_with_its_job),
        TEST(pages_are_exact),
        TEST(a_deleted_model_is_gone_and_its_name_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
