/* test_uploads.c - uploads in the database: files that arrive at once, moves that have one winner.
 */
#include "infra/base/ids.h"
#include "infra/base/thread.h"
#include "infra/store/uploads.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILES = 20, THREADS = 4 };

static const char DIGEST[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static int with_database(void **state)
{
    *state = calloc(1, sizeof(struct support));
    support_init(*state);
    return 0;
}

static int without_database(void **state)
{
    support_clear(*state);
    free(*state);
    return 0;
}

static json_t *some_files(size_t count)
{
    json_t *files = json_array();
    char name[32];

    for (size_t at = 0; at < count; at++) {
        snprintf(name, sizeof name, "part%zu.csv", at);
        json_array_append_new(files, json_pack("{s:s, s:s, s:n, s:n}", "filename", name,
                                               "content_type", "text/csv", "size_bytes", "digest"));
    }
    return files;
}

static struct id create(struct support *s, size_t files)
{
    struct id id = id_new("upload");
    struct error err = {0};
    json_t *list = some_files(files);
    const struct new_upload upload = {
        .id = id.text, .account = s->account, .name = "parts", .files = list, .lifetime_s = 3600};

    assert_true(uploads_create(s->db, &upload, &err));
    json_decref(list);
    return id;
}

static struct upload find(struct support *s, const char *id)
{
    struct upload upload = {0};
    struct error err = {0};

    assert_true(uploads_find(s->db, s->account, id, &upload, &err));
    return upload;
}

static void all_statements_fit_the_schema(void **state)
{
    struct support *s = *state;
    struct error err = {0};

    for (size_t at = 0; at < uploads_sql.count; at++)
        assert_true(pg_prepare(s->db, uploads_sql.statements[at], &err));
}

static void an_upload_is_found_by_its_account_only(void **state)
{
    struct support *s = *state;
    struct id id = create(s, 2);
    struct upload upload = find(s, id.text);
    struct error err = {0};

    assert_int_equal(upload.status, UPLOAD_PENDING);
    assert_int_equal(json_array_size(upload.files), 2);
    assert_false(upload.expired);
    assert_null(upload.description);
    upload_clear(&upload);
    assert_false(uploads_find(s->db, "user_other", id.text, &upload, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_true(uploads_find_signed(s->db, id.text, &upload, &err));
    upload_clear(&upload);
}

struct arrivals {
    struct support *s;
    const char *id;
    size_t first;
    bool ok;
};

static void *arrive(void *context)
{
    struct arrivals *arrivals = context;
    struct error err = {0};
    struct pg *db = pg_open(arrivals->s->url, &err);

    arrivals->ok = db != NULL;
    for (size_t at = arrivals->first; at < FILES && arrivals->ok; at += THREADS)
        arrivals->ok = uploads_set_file(db, arrivals->id, at, DIGEST, (int64_t)at, &err);
    pg_close(db);
    return NULL;
}

static void files_that_arrive_at_once_are_all_noted(void **state)
{
    struct support *s = *state;
    struct id id = create(s, FILES);
    struct arrivals arrivals[THREADS];
    pthread_t threads[THREADS];
    struct error err = {0};
    struct upload upload;

    for (size_t at = 0; at < THREADS; at++) {
        arrivals[at] = (struct arrivals){s, id.text, at, false};
        assert_true(thread_start(&threads[at], arrive, &arrivals[at], &err));
    }
    for (size_t at = 0; at < THREADS; at++) {
        pthread_join(threads[at], NULL);
        assert_true(arrivals[at].ok);
    }
    upload = find(s, id.text);
    for (size_t at = 0; at < FILES; at++) {
        const json_t *file = json_array_get(upload.files, at);

        assert_string_equal(json_string_value(json_object_get(file, "digest")), DIGEST);
        assert_int_equal(json_integer_value(json_object_get(file, "size_bytes")), at);
    }
    assert_int_equal(upload.revision, 1 + FILES);
    assert_int_equal(
        support_int(s, "select count(*) from events_outbox where entity = $1", PG_VALUES(id.text)),
        1 + FILES);
    upload_clear(&upload);
}

static void a_file_that_was_not_named_is_refused(void **state)
{
    struct support *s = *state;
    struct id id = create(s, 1);
    struct error err = {0};

    assert_false(uploads_set_file(s->db, id.text, 1, DIGEST, 5, &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
}

static void an_upload_ends_once(void **state)
{
    struct support *s = *state;
    struct id id = create(s, 1);
    struct upload upload = find(s, id.text);
    struct error err = {0};

    assert_false(uploads_complete(s->db, id.text, upload.revision + 1, upload.files, &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_true(uploads_complete(s->db, id.text, upload.revision, upload.files, &err));
    assert_false(uploads_fail(s->db, id.text, upload.revision, "late", &err));
    assert_false(uploads_fail(s->db, id.text, upload.revision + 1, "late", &err));
    assert_false(uploads_set_file(s->db, id.text, 0, DIGEST, 5, &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    upload_clear(&upload);
    upload = find(s, id.text);
    assert_int_equal(upload.status, UPLOAD_COMPLETE);
    upload_clear(&upload);
}

static void a_failed_upload_says_why(void **state)
{
    struct support *s = *state;
    struct id id = create(s, 1);
    struct error err = {0};
    struct upload upload;

    assert_true(uploads_fail(s->db, id.text, 1, "the file is empty", &err));
    upload = find(s, id.text);
    assert_int_equal(upload.status, UPLOAD_FAILED);
    assert_string_equal(upload.error, "the file is empty");
    assert_int_equal(json_array_size(upload.files), 1);
    upload_clear(&upload);
}

static void pages_are_sorted_and_counted(void **state)
{
    struct support *s = *state;
    struct error err = {0};
    struct uploads_filter filter = {.account = s->account, .sort = "created_at", .limit = 2};
    struct id ids[3];
    struct upload upload;
    struct pg_rows *rows;
    int64_t total = 0;

    assert_true(pg_exec(s->db, "delete from uploads", PG_NONE, &err));
    for (size_t at = 0; at < 3; at++)
        ids[at] = create(s, 1);
    assert_true(uploads_fail(s->db, ids[0].text, 1, "no", &err));
    rows = uploads_list(s->db, &filter, &total, &err);
    assert_non_null(rows);
    assert_int_equal(total, 3);
    assert_int_equal(pg_rows_count(rows), 2);
    assert_true(upload_read(rows, 0, &upload, &err));
    assert_string_equal(upload.id, ids[2].text);
    upload_clear(&upload);
    pg_rows_free(rows);
    filter.status = "failed";
    filter.ascending = true;
    rows = uploads_list(s->db, &filter, &total, &err);
    assert_non_null(rows);
    assert_int_equal(total, 1);
    pg_rows_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_statements_fit_the_schema),
        cmocka_unit_test(an_upload_is_found_by_its_account_only),
        cmocka_unit_test(files_that_arrive_at_once_are_all_noted),
        cmocka_unit_test(a_file_that_was_not_named_is_refused),
        cmocka_unit_test(an_upload_ends_once),
        cmocka_unit_test(a_failed_upload_says_why),
        cmocka_unit_test(pages_are_sorted_and_counted),
    };

    return cmocka_run_group_tests_name("uploads", tests, with_database, without_database);
}
