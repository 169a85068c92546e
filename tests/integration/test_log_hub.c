/* test_log_hub.c - followers of logs: each line once and in order, until the end. */
#include "api/log_hub.h"
#include "infra/base/clock.h"
#include "infra/base/thread.h"
#include "infra/store/log_lines.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { READERS = 50, LINES = 500, PATIENCE_MS = 20000 };

struct fixture {
    struct support s;
    struct log_hub *hub;
};

static int with_hub(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};

    support_init(&f->s);
    f->hub = log_hub_new(f->s.pool, &err);
    assert_non_null(f->hub);
    *state = f;
    return 0;
}

static int without_hub(void **state)
{
    struct fixture *f = *state;

    log_hub_free(f->hub);
    support_clear(&f->s);
    free(f);
    return 0;
}

static void write_lines(struct fixture *f, const char *job, int run, int from, int to)
{
    struct log_record *records = calloc((size_t)(to - from), sizeof *records);
    struct error err = {0};

    for (int seq = from; seq < to; seq++)
        records[seq - from] = (struct log_record){.job_id = job,
                                                  .run = run,
                                                  .seq = seq,
                                                  .account = f->s.account,
                                                  .model = "",
                                                  .at_ms = clock_wall_ms(),
                                                  .level = "INFO",
                                                  .message = "a line",
                                                  .progress = -1};
    assert_true(log_lines_insert(f->s.db, records, (size_t)(to - from), &err));
    free(records);
}

static void write_line(struct fixture *f, const char *job, int seq, const char *level)
{
    const struct log_record record = {.job_id = job,
                                      .run = 1,
                                      .seq = seq,
                                      .account = f->s.account,
                                      .model = "",
                                      .at_ms = clock_wall_ms(),
                                      .level = level,
                                      .message = "a line",
                                      .progress = -1};
    struct error err = {0};

    assert_true(log_lines_insert(f->s.db, &record, 1, &err));
}

static void start_run(struct fixture *f, const char *job, int run)
{
    static const char SQL[] = "update jobs set run = $2::int, status = 'RUNNING',"
                              " revision = revision + 1 where id = $1";
    struct error err = {0};

    assert_true(pg_exec(f->s.db, SQL, PG_VALUES(job, pg_number(run).text), &err));
}

/* lines: -1 for a run of which nobody knows how much it wrote. */
static void end_job(struct fixture *f, const char *job, int lines, int ago_s)
{
    static const char SQL[] =
        "update jobs set status = 'COMPLETED', log_lines = nullif($2::int, -1),"
        " completed_at = clock_timestamp() - make_interval(secs => $3::int),"
        " revision = revision + 1 where id = $1";
    struct error err = {0};

    assert_true(
        pg_exec(f->s.db, SQL, PG_VALUES(job, pg_number(lines).text, pg_number(ago_s).text), &err));
}

/* What a follower saw. */
struct reader {
    struct log_follower *follower;
    struct buffer text;
    pthread_t thread;
};

static void *read_all(void *context)
{
    struct reader *reader = context;
    char bytes[1000];
    ssize_t got;

    while ((got = log_follower_read(reader->follower, bytes, sizeof bytes)) >= 0)
        buffer_add(&reader->text, bytes, (size_t)got);
    return NULL;
}

static void follow(struct fixture *f, struct reader *reader, const char *job, int run, int seq)
{
    struct error err = {0};

    *reader = (struct reader){.follower = log_hub_follow(f->hub, job, run, seq, 0, &err)};
    assert_non_null(reader->follower);
    assert_true(thread_start(&reader->thread, read_all, reader, &err));
}

/* The ids of events, such as "1.0 1.1 ", and "end" for the end. */
static void ids_of(const struct reader *reader, struct buffer *ids)
{
    const char *at = reader->text.data;

    while (at != NULL && *at != '\0') {
        if (strncmp(at, "id: ", 4) == 0) {
            buffer_add(ids, at + 4, strcspn(at + 4, "\n"));
            buffer_add_char(ids, ' ');
        } else if (strncmp(at, "event: end", 10) == 0) {
            buffer_add_text(ids, "end");
        }
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
}

static void finish(struct reader *reader, const char *expected)
{
    struct buffer ids = {0};

    pthread_join(reader->thread, NULL);
    log_follower_free(reader->follower);
    ids_of(reader, &ids);
    assert_string_equal(ids.data, expected);
    buffer_clear(&ids);
    buffer_clear(&reader->text);
}

static void expected_ids(struct buffer *ids, int run, int from, int to)
{
    for (int seq = from; seq < to; seq++)
        buffer_printf(ids, "%d.%d ", run, seq);
}

static void many_followers_see_every_line_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    struct reader *readers = calloc(READERS, sizeof *readers);
    struct buffer expected = {0};

    support_insert_job(&f->s, "job_many", NULL);
    start_run(f, "job_many", 1);
    for (size_t at = 0; at < READERS / 2; at++)
        follow(f, &readers[at], "job_many", 0, -1);
    for (int from = 0; from < LINES; from += 20)
        write_lines(f, "job_many", 1, from, from + 20);
    for (size_t at = READERS / 2; at < READERS; at++)
        follow(f, &readers[at], "job_many", 0, -1);
    end_job(f, "job_many", LINES, 0);
    expected_ids(&expected, 1, 0, LINES);
    buffer_add_text(&expected, "end");
    for (size_t at = 0; at < READERS; at++)
        finish(&readers[at], expected.data);
    buffer_clear(&expected);
    free(readers);
}

static void a_follower_resumes_where_it_stood(void **state)
{
    struct fixture *f = *state;
    struct reader reader;
    struct reader late;

    support_insert_job(&f->s, "job_resume", NULL);
    start_run(f, "job_resume", 1);
    write_lines(f, "job_resume", 1, 0, 5);
    end_job(f, "job_resume", 5, 0);
    follow(f, &reader, "job_resume", 1, 2);
    finish(&reader, "1.3 1.4 end");
    follow(f, &late, "job_resume", 1, 4);
    finish(&late, "end");
}

static void a_late_line_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct reader reader;

    support_insert_job(&f->s, "job_gap", NULL);
    start_run(f, "job_gap", 1);
    write_lines(f, "job_gap", 1, 0, 2);
    write_lines(f, "job_gap", 1, 3, 5);
    end_job(f, "job_gap", 5, 0);
    follow(f, &reader, "job_gap", 0, -1);
    write_lines(f, "job_gap", 1, 2, 3);
    finish(&reader, "1.0 1.1 1.2 1.3 1.4 end");
}

static void the_end_waits_for_the_last_line(void **state)
{
    struct fixture *f = *state;
    struct reader reader;

    support_insert_job(&f->s, "job_tail", NULL);
    start_run(f, "job_tail", 1);
    write_lines(f, "job_tail", 1, 0, 1);
    end_job(f, "job_tail", 2, 0);
    follow(f, &reader, "job_tail", 0, -1);
    write_lines(f, "job_tail", 1, 1, 2);
    finish(&reader, "1.0 1.1 end");
}

static void a_gap_of_a_job_long_over_is_passed(void **state)
{
    struct fixture *f = *state;
    struct reader reader;

    support_insert_job(&f->s, "job_lost", NULL);
    start_run(f, "job_lost", 1);
    write_lines(f, "job_lost", 1, 0, 1);
    write_lines(f, "job_lost", 1, 2, 3);
    end_job(f, "job_lost", 9, 60);
    follow(f, &reader, "job_lost", 0, -1);
    finish(&reader, "1.0 1.2 end");
}

static void a_second_run_follows_the_first(void **state)
{
    struct fixture *f = *state;
    struct reader reader;

    support_insert_job(&f->s, "job_runs", NULL);
    start_run(f, "job_runs", 1);
    write_lines(f, "job_runs", 1, 0, 2);
    follow(f, &reader, "job_runs", 0, -1);
    start_run(f, "job_runs", 2);
    write_lines(f, "job_runs", 2, 0, 2);
    end_job(f, "job_runs", 2, 0);
    finish(&reader, "1.0 1.1 2.0 2.1 end");
}

static void a_run_of_unknown_length_ends_after_a_while(void **state)
{
    struct fixture *f = *state;
    struct reader reader;

    support_insert_job(&f->s, "job_killed", NULL);
    start_run(f, "job_killed", 1);
    write_lines(f, "job_killed", 1, 0, 2);
    end_job(f, "job_killed", -1, 60);
    follow(f, &reader, "job_killed", 0, -1);
    finish(&reader, "1.0 1.1 end");
}

static void a_job_that_is_gone_ends_at_once(void **state)
{
    struct fixture *f = *state;
    struct reader reader;

    follow(f, &reader, "job_never", 0, -1);
    finish(&reader, "end");
}

/* Long logs are read in batches; a slow reader holds two of them, then gets on. */
static void a_slow_follower_gets_all_lines(void **state)
{
    struct fixture *f = *state;
    struct reader reader;
    struct buffer expected = {0};

    support_insert_job(&f->s, "job_long", NULL);
    start_run(f, "job_long", 1);
    for (int from = 0; from < 2000; from += 500)
        write_lines(f, "job_long", 1, from, from + 500);
    end_job(f, "job_long", 2000, 0);
    follow(f, &reader, "job_long", 0, -1);
    expected_ids(&expected, 1, 0, 2000);
    buffer_add_text(&expected, "end");
    finish(&reader, expected.data);
    buffer_clear(&expected);
}

static void nobody_asks_while_nobody_follows(void **state)
{
    static const char SQL[] = "select count(*) from pg_stat_activity where datname = $1"
                              "   and query like '%with ordinality%' and state_change >"
                              "       clock_timestamp() - interval '300 ms'"
                              "   and pid <> pg_backend_pid()";
    struct fixture *f = *state;
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (support_int(&f->s, SQL, PG_VALUES(f->s.database)) > 0)
        assert_true(clock_monotonic_ms() < deadline_ms);
}

/* More lines than one look brings are passed over on the way to those that are wanted. */
static void lines_of_a_lower_level_are_left_out(void **state)
{
    struct fixture *f = *state;
    struct reader warnings = {0};
    struct reader errors = {0};
    struct error err = {0};

    support_insert_job(&f->s, "job_levels", NULL);
    start_run(f, "job_levels", 1);
    write_lines(f, "job_levels", 1, 0, 250);
    write_line(f, "job_levels", 250, "WARNING");
    write_lines(f, "job_levels", 1, 251, 400);
    write_line(f, "job_levels", 400, "ERROR");
    assert_non_null(warnings.follower = log_hub_follow(f->hub, "job_levels", 0, -1, 1, &err));
    assert_non_null(errors.follower = log_hub_follow(f->hub, "job_levels", 0, -1, 2, &err));
    assert_true(thread_start(&warnings.thread, read_all, &warnings, &err));
    assert_true(thread_start(&errors.thread, read_all, &errors, &err));
    end_job(f, "job_levels", 401, 0);
    finish(&warnings, "1.250 1.400 end");
    finish(&errors, "1.400 end");
}

static void stopping_ends_all_streams(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct log_hub *hub = log_hub_new(f->s.pool, &err);
    struct reader reader = {0};
    struct buffer ids = {0};

    assert_non_null(hub);
    support_insert_job(&f->s, "job_waits", NULL);
    reader.follower = log_hub_follow(hub, "job_waits", 0, -1, 0, &err);
    assert_true(thread_start(&reader.thread, read_all, &reader, &err));
    log_hub_stop(hub);
    pthread_join(reader.thread, NULL);
    log_follower_free(reader.follower);
    ids_of(&reader, &ids);
    assert_null(ids.data);
    assert_null(log_hub_follow(hub, "job_waits", 0, -1, 0, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    buffer_clear(&reader.text);
    log_hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_followers_see_every_line_once_and_in_order),
        cmocka_unit_test(a_follower_resumes_where_it_stood),
        cmocka_unit_test(a_late_line_is_waited_for),
        cmocka_unit_test(the_end_waits_for_the_last_line),
        cmocka_unit_test(a_gap_of_a_job_long_over_is_passed),
        cmocka_unit_test(a_second_run_follows_the_first),
        cmocka_unit_test(a_run_of_unknown_length_ends_after_a_while),
        cmocka_unit_test(a_job_that_is_gone_ends_at_once),
        cmocka_unit_test(a_slow_follower_gets_all_lines),
        cmocka_unit_test(nobody_asks_while_nobody_follows),
        cmocka_unit_test(lines_of_a_lower_level_are_left_out),
        cmocka_unit_test(stopping_ends_all_streams),
    };

    return cmocka_run_group_tests_name("log_hub", tests, with_hub, without_hub);
}
