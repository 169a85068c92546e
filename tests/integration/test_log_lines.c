/* test_log_lines.c - lines of jobs in the database: once each, in order. */
#include "infra/store/log_lines.h"
#include "infra/store/served.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static struct log_record record(struct support *s, const char *job, int run, int seq)
{
    return (struct log_record){.job_id = job,
                               .run = run,
                               .seq = seq,
                               .account = s->account,
                               .model = "churn",
                               .at_ms = 1700000000123 + seq,
                               .level = seq % 2 == 0 ? "INFO" : "WARNING",
                               .message = "it said \"no\\yes\", {then}\nleft",
                               .progress = seq % 2 == 0 ? seq : -1,
                               .stage = seq % 2 == 0 ? "search" : NULL};
}

static void insert(struct support *s, const char *job, int run, int from, int to)
{
    struct error err = {0};

    for (int seq = from; seq < to; seq++) {
        struct log_record one = record(s, job, run, seq);

        assert_true(log_lines_insert(s->db, &one, 1, &err));
    }
}

static void all_statements_fit_the_schema(void **state)
{
    struct support *s = *state;
    struct error err = {0};

    for (size_t at = 0; at < log_lines_sql.count; at++)
        assert_true(pg_prepare(s->db, log_lines_sql.statements[at], &err));
    for (size_t at = 0; at < served_sql.count; at++)
        assert_true(pg_prepare(s->db, served_sql.statements[at], &err));
}

static void lines_come_back_as_they_were(void **state)
{
    struct support *s = *state;
    struct log_record records[] = {record(s, "job_a", 1, 0), record(s, "job_a", 1, 1)};
    struct log_lines_filter filter = {.account = s->account, .job_id = "job_a", .limit = 10};
    struct error err = {0};
    struct log_line line;
    struct pg_rows *rows;
    int64_t total = 0;

    assert_true(log_lines_insert(s->db, records, 2, &err));
    rows = log_lines_list(s->db, &filter, &total, &err);
    assert_non_null(rows);
    assert_int_equal(total, 2);
    log_line_read(rows, 0, &line);
    assert_string_equal(line.message, records[0].message);
    assert_string_equal(line.model, "churn");
    assert_string_equal(line.at, "2023-11-14T22:13:20Z");
    assert_int_equal(line.progress, 0);
    assert_string_equal(line.stage, "search");
    log_line_read(rows, 1, &line);
    assert_int_equal(line.seq, 1);
    assert_string_equal(line.level, "WARNING");
    assert_int_equal(line.progress, -1);
    assert_null(line.stage);
    pg_rows_free(rows);
}

static void inserting_twice_is_inserting_once(void **state)
{
    struct support *s = *state;
    struct log_record records[] = {record(s, "job_b", 1, 0), record(s, "job_b", 1, 1),
                                   record(s, "job_b", 1, 0)};
    struct error err = {0};

    assert_true(log_lines_insert(s->db, records, 3, &err));
    records[0].message = "another";
    assert_true(log_lines_insert(s->db, records, 2, &err));
    assert_int_equal(
        support_int(s, "select count(*) from log_lines where job_id = 'job_b'", PG_NONE), 2);
    assert_string_equal(
        support_text(s, "select message from log_lines where job_id = 'job_b' and seq = 0",
                     PG_NONE),
        "it said \"no\\yes\", {then}\nleft");
}

static int64_t count_level(struct support *s, const char *level)
{
    struct log_lines_filter filter = {
        .account = s->account, .job_id = "job_c", .level = level, .limit = 3};
    struct error err = {0};
    int64_t total = 0;

    pg_rows_free(log_lines_list(s->db, &filter, &total, &err));
    return total;
}

static void a_page_holds_a_level_and_what_is_worse(void **state)
{
    struct support *s = *state;

    insert(s, "job_c", 1, 0, 7);
    assert_int_equal(count_level(s, NULL), 7);
    assert_int_equal(count_level(s, "INFO"), 7);
    assert_int_equal(count_level(s, "WARNING"), 3);
    assert_int_equal(count_level(s, "ERROR"), 0);
}

static void other_accounts_see_nothing(void **state)
{
    struct support *s = *state;
    struct log_lines_filter filter = {.account = "user_other", .limit = 10};
    struct error err = {0};
    int64_t total = 99;

    pg_rows_free(log_lines_list(s->db, &filter, &total, &err));
    assert_int_equal(total, 0);
}

static void followers_get_lines_and_jobs_in_one_answer(void **state)
{
    struct support *s = *state;
    const struct log_cursor cursors[] = {{"job_d", 1, 0}, {"job_gone", 0, -1}, {"job_d", 0, -1}};
    struct error err = {0};
    struct followed_job job;
    struct log_line line;
    double age_s;
    struct pg_rows *rows;

    support_insert_job(s, "job_d", NULL);
    insert(s, "job_d", 1, 0, 2);
    insert(s, "job_d", 2, 0, 1);
    rows = log_lines_follow(s->db, cursors, 3, 2, &err);
    assert_non_null(rows);
    assert_int_equal(pg_rows_count(rows), 2 + 1 + 2);
    assert_int_equal(followed_cursor(rows, 0), 0);
    followed_job_read(rows, 0, &job);
    assert_string_equal(job.status, "PENDING");
    assert_int_equal(job.log_lines, -1);
    assert_true(job.ended_ago_s < 0);
    assert_true(followed_line_read(rows, 0, &line, &age_s));
    assert_int_equal(line.run, 1);
    assert_int_equal(line.seq, 1);
    assert_true(age_s > 3600);
    assert_true(followed_line_read(rows, 1, &line, &age_s));
    assert_int_equal(line.run, 2);
    assert_int_equal(line.seq, 0);
    assert_int_equal(followed_cursor(rows, 2), 1);
    followed_job_read(rows, 2, &job);
    assert_null(job.status);
    assert_false(followed_line_read(rows, 2, &line, &age_s));
    assert_int_equal(followed_cursor(rows, 4), 2);
    assert_true(followed_line_read(rows, 4, &line, &age_s));
    assert_int_equal(line.seq, 1);
    pg_rows_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_statements_fit_the_schema),
        cmocka_unit_test(lines_come_back_as_they_were),
        cmocka_unit_test(inserting_twice_is_inserting_once),
        cmocka_unit_test(a_page_holds_a_level_and_what_is_worse),
        cmocka_unit_test(other_accounts_see_nothing),
        cmocka_unit_test(followers_get_lines_and_jobs_in_one_answer),
    };

    return cmocka_run_group_tests_name("log_lines", tests, with_database, without_database);
}
