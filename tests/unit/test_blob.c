/* test_blob.c - the blob store: whole or not at all, once for equal content. */
#include "infra/blob/blob.h"
#include "infra/blob/blob_writer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char dir[64];
    struct blobs *blobs;
};

static int with_store(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};

    strcpy(f->dir, "/tmp/test_blob_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->blobs = blobs_open(f->dir, &err);
    assert_non_null(f->blobs);
    *state = f;
    return 0;
}

static int without_store(void **state)
{
    struct fixture *f = *state;
    char command[128];

    blobs_close(f->blobs);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static size_t files_in_tmp(const struct fixture *f)
{
    char command[128];
    FILE *pipe;
    int count = -1;

    snprintf(command, sizeof command, "ls %s/tmp | wc -l", f->dir);
    pipe = popen(command, "r");
    assert_int_equal(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return (size_t)count;
}

static void keep(struct fixture *f, const char *text, char digest[static DIGEST_BYTES])
{
    char temp[BLOB_PATH_BYTES];
    size_t size = 0;
    struct error err = {0};

    assert_true(blobs_temp(f->blobs, temp, &err));
    write_file(temp, text);
    assert_true(blobs_adopt(f->blobs, temp, digest, &size, &err));
    assert_int_equal(size, strlen(text));
    assert_int_not_equal(access(temp, F_OK), 0);
}

static void a_blob_is_found_by_the_digest_of_its_content(void **state)
{
    struct fixture *f = *state;
    char digest[DIGEST_BYTES];
    char expected[DIGEST_BYTES];
    char path[BLOB_PATH_BYTES];
    struct error err = {0};

    keep(f, "a,b\n1,2\n", digest);
    digest_of("a,b\n1,2\n", 8, expected);
    assert_string_equal(digest, expected);
    assert_true(blobs_path(f->blobs, digest, path, &err));
    assert_int_equal(access(path, R_OK), 0);
    assert_int_equal(files_in_tmp(f), 0);
}

static void equal_content_is_one_blob(void **state)
{
    struct fixture *f = *state;
    char first[DIGEST_BYTES];
    char second[DIGEST_BYTES];

    keep(f, "same", first);
    keep(f, "same", second);
    assert_string_equal(first, second);
}

static void what_is_not_there_is_not_found(void **state)
{
    static const char *const NAMES[] = {
        "", "..", "../store-id", "ABCDEF",
        "0000000000000000000000000000000000000000000000000000000000000000"};
    struct fixture *f = *state;
    char path[BLOB_PATH_BYTES];

    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++) {
        struct error err = {0};

        assert_false(blobs_path(f->blobs, NAMES[at], path, &err));
        assert_int_equal(err.code, ERROR_NOT_FOUND);
    }
}

static void a_failed_adoption_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char temp[BLOB_PATH_BYTES];
    struct error err = {0};

    assert_true(blobs_temp(f->blobs, temp, &err));
    assert_false(blobs_adopt_known(f->blobs, temp, "../../etc/passwd", &err));
    assert_int_equal(files_in_tmp(f), 0);
}

static void the_store_keeps_its_id(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct blobs *again = blobs_open(f->dir, &err);

    assert_non_null(again);
    assert_string_equal(blobs_id(again), blobs_id(f->blobs));
    assert_int_equal(strlen(blobs_id(again)), 32);
    blobs_close(again);
}

static void old_leftovers_are_swept(void **state)
{
    struct fixture *f = *state;
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    char temp[BLOB_PATH_BYTES];
    char young[BLOB_PATH_BYTES];
    struct error err = {0};
    struct blobs *again;

    assert_true(blobs_temp(f->blobs, temp, &err) && blobs_temp(f->blobs, young, &err));
    assert_int_equal(utimensat(AT_FDCWD, temp, old, 0), 0);
    again = blobs_open(f->dir, &err);
    assert_non_null(again);
    blobs_close(again);
    assert_int_not_equal(access(temp, F_OK), 0);
    assert_int_equal(access(young, F_OK), 0);
}

static void a_writer_makes_the_same_blob(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct blob_writer *writer = blob_writer_new(f->blobs, 100, &err);
    char digest[DIGEST_BYTES];
    char expected[DIGEST_BYTES];
    char path[BLOB_PATH_BYTES];

    assert_non_null(writer);
    assert_true(blob_writer_add(writer, "a,b\n", 4, &err));
    assert_true(blob_writer_add(writer, "1,2\n", 4, &err));
    assert_int_equal(blob_writer_size(writer), 8);
    assert_true(blob_writer_end(writer, digest, &err));
    blob_writer_free(writer);
    digest_of("a,b\n1,2\n", 8, expected);
    assert_string_equal(digest, expected);
    assert_true(blobs_path(f->blobs, digest, path, &err));
}

static void a_writer_holds_its_limit_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct blob_writer *writer = blob_writer_new(f->blobs, 10, &err);

    assert_true(blob_writer_add(writer, "0123456789", 10, &err));
    assert_false(blob_writer_add(writer, "x", 1, &err));
    assert_int_equal(err.code, ERROR_TOO_LARGE);
    blob_writer_free(writer);
    assert_int_equal(files_in_tmp(f), 0);
}

/* A file that may not grow stands for a disk that is full: write() fails in both. */
static void a_full_disk_is_told_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    struct rlimit small;
    struct error err = {0};
    struct blob_writer *writer = blob_writer_new(f->blobs, 1 << 20, &err);
    char *data = calloc(1, 65536);
    bool ok;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = (struct rlimit){1000, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    ok = blob_writer_add(writer, data, 65536, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(ok);
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    blob_writer_free(writer);
    free(data);
    assert_int_equal(files_in_tmp(f), 0);
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    struct error err = {0};

    (void)state;
    assert_null(blobs_open("/dev/null/store", &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, with_store, without_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_blob_is_found_by_the_digest_of_its_content),
        WITH_STORE(equal_content_is_one_blob),
        WITH_STORE(what_is_not_there_is_not_found),
        WITH_STORE(a_failed_adoption_leaves_nothing),
        WITH_STORE(the_store_keeps_its_id),
        WITH_STORE(old_leftovers_are_swept),
        WITH_STORE(a_writer_makes_the_same_blob),
        WITH_STORE(a_writer_holds_its_limit_and_leaves_nothing),
        WITH_STORE(a_full_disk_is_told_and_leaves_nothing),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_told),
    };

    return cmocka_run_group_tests_name("blob", tests, NULL, NULL);
}
