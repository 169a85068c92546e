/* test_log_record.c - a line of a job's log survives the way, whatever a program wrote into it. */
#include "schemas/log_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct log_record EXAMPLE = {.job_id = "job_1",
                                          .run = 2,
                                          .seq = 41,
                                          .account = "user_1",
                                          .model = "churn",
                                          .at_ms = 1700000000123,
                                          .level = "WARNING",
                                          .message = "a \"quoted\"\nline \xc3\xa4",
                                          .progress = 42,
                                          .stage = "search"};

static void go_the_way(const struct log_record *record, struct log_record *decoded)
{
    struct buffer text = {0};
    struct error err = {0};

    log_record_encode(record, &text);
    if (!log_record_decode(text.data, text.length, decoded, &err))
        fail_msg("%s: %s", text.data, err.message);
    buffer_clear(&text);
}

static void a_line_comes_back_as_it_was(void **state)
{
    struct log_record decoded;

    (void)state;
    go_the_way(&EXAMPLE, &decoded);
    assert_string_equal(decoded.job_id, "job_1");
    assert_int_equal(decoded.run, 2);
    assert_int_equal(decoded.seq, 41);
    assert_string_equal(decoded.account, "user_1");
    assert_string_equal(decoded.model, "churn");
    assert_int_equal(decoded.at_ms, 1700000000123);
    assert_string_equal(decoded.level, "WARNING");
    assert_string_equal(decoded.message, "a \"quoted\"\nline \xc3\xa4");
    assert_int_equal(decoded.progress, 42);
    assert_string_equal(decoded.stage, "search");
    log_record_clear(&decoded);
    log_record_clear(&decoded);
}

static void what_a_line_does_not_tell_stays_untold(void **state)
{
    struct log_record record = EXAMPLE;
    struct log_record decoded;

    (void)state;
    record.progress = -1;
    record.stage = NULL;
    record.model = "";
    record.message = "";
    go_the_way(&record, &decoded);
    assert_int_equal(decoded.progress, -1);
    assert_null(decoded.stage);
    assert_string_equal(decoded.model, "");
    assert_string_equal(decoded.message, "");
    log_record_clear(&decoded);
}

static void long_lines_are_cut_and_bytes_that_are_no_text_replaced(void **state)
{
    struct log_record record = EXAMPLE;
    struct log_record decoded;
    char message[LOG_MESSAGE_BYTES + 100];

    (void)state;
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    record.message = message;
    go_the_way(&record, &decoded);
    assert_int_equal(strlen(decoded.message), LOG_MESSAGE_BYTES);
    log_record_clear(&decoded);
    memset(message, '\xff', sizeof message - 1);
    go_the_way(&record, &decoded); /* three bytes for each */
    assert_int_equal(strlen(decoded.message), 3 * LOG_MESSAGE_BYTES);
    log_record_clear(&decoded);
    memset(message, '\x01', sizeof message - 1);
    go_the_way(&record, &decoded);
    assert_int_equal(strlen(decoded.message), LOG_MESSAGE_BYTES);
    log_record_clear(&decoded);
}

static void what_is_no_line_is_refused(void **state)
{
    static const char *const TEXTS[] = {
        "",
        "{}",
        "[]",
        "{\"schema\":2,\"job_id\":\"j\",\"run\":1,\"seq\":0,\"account\":\"a\",\"at_ms\":1,"
        "\"level\":\"INFO\",\"message\":\"m\"}",
        "{\"schema\":1,\"job_id\":\"j\",\"run\":0,\"seq\":0,\"account\":\"a\",\"at_ms\":1,"
        "\"level\":\"INFO\",\"message\":\"m\"}",
        "{\"schema\":1,\"job_id\":\"j\",\"run\":1,\"seq\":-1,\"account\":\"a\",\"at_ms\":1,"
        "\"level\":\"INFO\",\"message\":\"m\"}",
        "{\"schema\":1,\"job_id\":\"j\",\"run\":1,\"seq\":0,\"account\":\"a\",\"at_ms\":1,"
        "\"level\":\"LOUD\",\"message\":\"m\"}",
        "{\"schema\":1,\"job_id\":\"j\",\"run\":1,\"seq\":0,\"account\":\"a\",\"at_ms\":1,"
        "\"level\":\"INFO\",\"message\":\"m\",\"progress\":101}",
    };
    struct log_record decoded;

    (void)state;
    for (size_t at = 0; at < sizeof TEXTS / sizeof *TEXTS; at++) {
        struct error err = {0};

        assert_false(log_record_decode(TEXTS[at], strlen(TEXTS[at]), &decoded, &err));
        assert_int_equal(err.code, ERROR_VALIDATION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_comes_back_as_it_was),
        cmocka_unit_test(what_a_line_does_not_tell_stays_untold),
        cmocka_unit_test(long_lines_are_cut_and_bytes_that_are_no_text_replaced),
        cmocka_unit_test(what_is_no_line_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
