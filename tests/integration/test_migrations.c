/*
 * test_migrations.c - a database is brought to the schema of the program, and never half way.
 */
#include "infra/base/thread.h"
#include "infra/store/migrations.h"
#include "schemas/migrations.h"
#include "schemas/states.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int with_database(void **state)
{
    static struct support support;

    support_init(&support);
    *state = &support;
    return 0;
}

static int with_empty_database(void **state)
{
    struct support *support;
    struct error err = {0};

    with_database(state);
    support = *state;
    assert_true(pg_script(support->db, "drop schema public cascade; create schema public", &err));
    return 0;
}

static int clear_database(void **state)
{
    support_clear(*state);
    return 0;
}

static size_t known(void)
{
    size_t count;

    migrations_all(&count);
    return count;
}

static void migrations_are_numbered_from_one_without_a_gap(void **state)
{
    size_t count;
    const struct migration *all = migrations_all(&count);

    (void)state;
    assert_true(count >= 3);
    for (size_t at = 0; at < count; at++) {
        assert_int_equal(all[at].number, at + 1);
        assert_int_equal(strtol(all[at].name, NULL, 10), at + 1);
        assert_true(strlen(all[at].sql) > 0);
    }
}

static void a_second_run_changes_nothing(void **state)
{
    struct support *support = *state;
    struct error err = {0};
    int applied;

    assert_true(migrations_run(support->db, &applied, &err));
    assert_int_equal(applied, 0);
    assert_int_equal(support_int(support, "select count(*) from migrations", PG_NONE), known());
}

struct runner {
    struct pg *db;
    int applied;
    bool ok;
    struct error err;
};

static void *run_migrations(void *context)
{
    struct runner *runner = context;

    runner->ok = migrations_run(runner->db, &runner->applied, &runner->err);
    return NULL;
}

static void of_several_that_run_at_once_one_applies_all(void **state)
{
    enum { RUNNERS = 4 };
    struct support *support = *state;
    struct runner runners[RUNNERS] = {{0}};
    pthread_t threads[RUNNERS];
    struct error err = {0};
    int applied = 0;

    for (size_t at = 0; at < RUNNERS; at++) {
        runners[at].db = pg_open(support->url, &err);
        assert_non_null(runners[at].db);
        assert_true(thread_start(&threads[at], run_migrations, &runners[at], &err));
    }
    for (size_t at = 0; at < RUNNERS; at++) {
        pthread_join(threads[at], NULL);
        if (!runners[at].ok)
            fail_msg("%s: %s", runners[at].err.message, runners[at].err.detail);
        applied += runners[at].applied;
        pg_close(runners[at].db);
    }
    assert_int_equal(applied, known());
}

static void a_migration_that_changed_after_it_was_applied_is_refused(void **state)
{
    struct support *support = *state;
    struct error err = {0};

    support_text(support, "update migrations set checksum = 'x' where number = 2 returning 1",
                 PG_NONE);
    assert_false(migrations_run(support->db, NULL, &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_non_null(strstr(err.message, "was changed after it was applied"));
    assert_non_null(strstr(err.message, "0002_"));
    /* the lock was given back: the next one is refused too, and does not wait */
    assert_false(migrations_run(support->db, NULL, &err));
}

static void a_database_newer_than_the_program_is_refused(void **state)
{
    struct support *support = *state;
    struct error err = {0};

    support_text(support,
                 "insert into migrations values (9999, '9999_of_tomorrow', 'x') returning 1",
                 PG_NONE);
    assert_false(migrations_run(support->db, NULL, &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_non_null(strstr(err.message, "9999_of_tomorrow"));
    assert_non_null(strstr(err.message, "newer"));
}

static void what_fails_leaves_nothing_behind_and_is_named(void **state)
{
    struct support *support = *state;
    struct error err = {0};

    /* in the way of a table of the first script, which comes after others */
    assert_true(pg_script(support->db, "create table keys (x int)", &err));
    assert_false(migrations_run(support->db, NULL, &err));
    assert_non_null(strstr(err.message, "0001_"));
    assert_string_equal(support_text(support, "select to_regclass('settings') is null", PG_NONE),
                        "t");
    assert_true(pg_script(support->db, "drop table keys", &err));
    assert_true(migrations_run(support->db, NULL, &err));
}

/* The words of a CHECK (column = ANY ('{...}')), one by one. */
static void assert_words(struct support *support, const char *table, enum machine machine)
{
    static const char CHECK[] =
        "select string_agg(w[1], ' ' order by w[1]) from pg_constraint c,"
        " regexp_matches(pg_get_constraintdef(c.oid), '''(\\w+)''', 'g') w"
        " where c.conrelid = $1::regclass and c.contype = 'c' and c.conname = $1 || "
        "'_status_check'";
    static const char SORT[] = "select string_agg(w, ' ' order by w) from unnest($1::text[]) w";
    struct buffer array = {0};
    const char *words[16];
    size_t count = 0;
    char wanted[512];

    while ((words[count] = state_word(machine, (int)count)) != NULL)
        count++;
    pg_array(&array, words, count);
    snprintf(wanted, sizeof wanted, "%s", support_text(support, SORT, PG_VALUES(array.data)));
    assert_string_equal(support_text(support, CHECK, PG_VALUES(table)), wanted);
    buffer_clear(&array);
}

static void the_states_are_those_that_the_tables_allow(void **state)
{
    assert_words(*state, "jobs", MACHINE_JOB);
    assert_words(*state, "versions", MACHINE_VERSION);
    assert_words(*state, "uploads", MACHINE_UPLOAD);
}

#define case_with(setup, test) cmocka_unit_test_setup_teardown(test, setup, clear_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrations_are_numbered_from_one_without_a_gap),
        case_with(with_database, a_second_run_changes_nothing),
        case_with(with_empty_database, of_several_that_run_at_once_one_applies_all),
        case_with(with_database, a_migration_that_changed_after_it_was_applied_is_refused),
        case_with(with_database, a_database_newer_than_the_program_is_refused),
        case_with(with_empty_database, what_fails_leaves_nothing_behind_and_is_named),
        case_with(with_database, the_states_are_those_that_the_tables_allow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
