/* test_config.c - settings have defaults, limits, and every mistake a line of its own. */
#include "infra/base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *only_what_must_be(const char *name)
{
    static char database[] = "postgresql://127.0.0.1/x";
    static char blobs[] = "/blobs";

    if (strcmp(name, "TRAINYARD_DATABASE_URL") == 0)
        return database;
    return strcmp(name, "TRAINYARD_BLOB_DIR") == 0 ? blobs : NULL;
}

static char *nothing(const char *name)
{
    (void)name;
    return NULL;
}

static char *mistakes(const char *name)
{
    static char word[] = "many";
    static char large[] = "70000";
    static char format[] = "jso";
    static char longer[CONFIG_TEXT_BYTES + 1];

    memset(longer, 'x', CONFIG_TEXT_BYTES);
    if (strcmp(name, "TRAINYARD_PORT") == 0)
        return large;
    if (strcmp(name, "TRAINYARD_MAX_BODY_KB") == 0)
        return word;
    if (strcmp(name, "TRAINYARD_LOG_FORMAT") == 0)
        return format;
    return strcmp(name, "TRAINYARD_TOPIC_PREFIX") == 0 ? longer : only_what_must_be(name);
}

static char *given(const char *name)
{
    static char port[] = "9000";
    static char bind[] = "0.0.0.0";
    static char url[] = "https://models.example.org///";
    static char format[] = "human";

    if (strcmp(name, "TRAINYARD_PORT") == 0)
        return port;
    if (strcmp(name, "TRAINYARD_BIND") == 0)
        return bind;
    if (strcmp(name, "TRAINYARD_UPLOAD_URL") == 0)
        return url;
    return strcmp(name, "TRAINYARD_LOG_FORMAT") == 0 ? format : only_what_must_be(name);
}

static void defaults_fill_what_is_not_given(void **state)
{
    struct config config;
    struct buffer problems = {0};

    (void)state;
    assert_true(config_load(&config, CONFIG_API, only_what_must_be, &problems));
    assert_string_equal(config.kafka_brokers, "127.0.0.1:9092");
    assert_string_equal(config.topic_prefix, "trainyard");
    assert_int_equal(config.port, 8080);
    assert_string_equal(config.public_url, "http://127.0.0.1:8080");
    assert_string_equal(config.predict_url, "http://127.0.0.1:8080");
    assert_string_equal(config.upload_url, "http://127.0.0.1:8082");
    buffer_clear(&problems);
}

static void what_is_given_wins_and_urls_end_without_a_slash(void **state)
{
    struct config config;
    struct buffer problems = {0};

    (void)state;
    assert_true(config_load(&config, CONFIG_API, given, &problems));
    assert_int_equal(config.port, 9000);
    assert_string_equal(config.public_url, "http://127.0.0.1:9000"); /* 0.0.0.0 is no address */
    assert_string_equal(config.upload_url, "https://models.example.org");
    assert_string_equal(config.log_format, "human");
    buffer_clear(&problems);
}

static char *with_tls(const char *name)
{
    static char file[] = "/etc/trainyard/tls.pem";

    return strncmp(name, "TRAINYARD_TLS_", 14) == 0 ? file : only_what_must_be(name);
}

static void with_tls_the_urls_are_https(void **state)
{
    struct config config;
    struct buffer problems = {0};

    (void)state;
    assert_true(config_load(&config, CONFIG_API, with_tls, &problems));
    assert_string_equal(config.public_url, "https://127.0.0.1:8080");
    assert_string_equal(config.predict_url, "https://127.0.0.1:8080");
    assert_string_equal(config.upload_url, "https://127.0.0.1:8082");
    buffer_clear(&problems);
}

static void all_mistakes_are_told_at_once_a_line_each(void **state)
{
    static const char *const TOLD[] = {"TRAINYARD_PORT is '70000': give a whole number from 0 to",
                                       "TRAINYARD_MAX_BODY_KB is 'many'",
                                       "TRAINYARD_LOG_FORMAT is 'jso': give one of: auto json",
                                       "TRAINYARD_TOPIC_PREFIX is longer than"};
    struct config config;
    struct buffer problems = {0};
    size_t lines = 0;

    (void)state;
    assert_false(config_load(&config, CONFIG_API, mistakes, &problems));
    for (size_t at = 0; at < sizeof TOLD / sizeof *TOLD; at++)
        if (strstr(problems.data, TOLD[at]) == NULL)
            fail_msg("'%s' is not told in:\n%s", TOLD[at], problems.data);
    for (const char *c = problems.data; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 4);
    buffer_clear(&problems);
}

/* One more setting than must be given. */
static const char *extra_name;
static char extra_value[64];

static char *with_extra(const char *name)
{
    return strcmp(name, extra_name) == 0 ? extra_value : only_what_must_be(name);
}

static bool loads_with(const char *name, const char *value, struct config *config)
{
    struct buffer problems = {0};
    bool ok;

    extra_name = name;
    strcpy(extra_value, value);
    ok = config_load(config, CONFIG_API, with_extra, &problems);
    assert_int_equal(ok, problems.length == 0);
    if (!ok)
        assert_non_null(strstr(problems.data, name));
    buffer_clear(&problems);
    return ok;
}

static void numbers_are_taken_up_to_their_limits(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        bool ok;
    } ROWS[] = {
        {"TRAINYARD_PORT", "0", true},
        {"TRAINYARD_PORT", "65535", true},
        {"TRAINYARD_PORT", "65536", false},
        {"TRAINYARD_PORT", "-1", false},
        {"TRAINYARD_PORT", "", false},
        {"TRAINYARD_PORT", "80 ", false},
        {"TRAINYARD_PORT", "8e3", false},
        {"TRAINYARD_PORT", "0x50", false},
        {"TRAINYARD_PORT", "99999999999999999999999", false},
        {"TRAINYARD_MAX_BODY_KB", "0", false},
        {"TRAINYARD_MAX_BODY_KB", "1", true},
        {"TRAINYARD_MAX_BODY_KB", "1048576", true},
        {"TRAINYARD_MAX_BODY_KB", "1048577", false},
        {"TRAINYARD_MAX_CONNECTIONS", "3", false},
    };
    struct config config;

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++)
        if (loads_with(ROWS[at].name, ROWS[at].value, &config) != ROWS[at].ok)
            fail_msg("%s=%s", ROWS[at].name, ROWS[at].value);
}

static void a_choice_is_one_whole_word_of_its_list(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        bool ok;
    } ROWS[] = {
        {"TRAINYARD_LOG_FORMAT", "auto", true},       {"TRAINYARD_LOG_FORMAT", "human", true},
        {"TRAINYARD_LOG_FORMAT", "hum", false},       {"TRAINYARD_LOG_FORMAT", "", false},
        {"TRAINYARD_LOG_FORMAT", "uman", false},      {"TRAINYARD_LOG_FORMAT", "JSON", false},
        {"TRAINYARD_LOG_FORMAT", "auto json", false}, {"TRAINYARD_LOG_FORMAT", " ", false},
        {"TRAINYARD_ROLES", "predict", true},         {"TRAINYARD_ROLES", "manage,predict", true},
        {"TRAINYARD_ROLES", "manage", false},         {"TRAINYARD_LOG_LEVEL", "debug", true},
    };
    struct config config;

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++)
        if (loads_with(ROWS[at].name, ROWS[at].value, &config) != ROWS[at].ok)
            fail_msg("%s=%s", ROWS[at].name, ROWS[at].value);
}

static void urls_are_derived_from_what_is_given_and_are_never_empty(void **state)
{
    struct config config;

    (void)state;
    assert_true(loads_with("TRAINYARD_PUBLIC_URL", "https://a.example/", &config));
    assert_string_equal(config.public_url, "https://a.example");
    assert_string_equal(config.predict_url, "https://a.example");
    assert_string_equal(config.upload_url, "http://127.0.0.1:8082");
    assert_true(loads_with("TRAINYARD_BIND", "10.0.0.7", &config));
    assert_string_equal(config.public_url, "http://10.0.0.7:8080");
    assert_string_equal(config.upload_url, "http://10.0.0.7:8082");
    assert_true(loads_with("TRAINYARD_PUBLIC_URL", "//", &config));
    assert_string_equal(config.public_url, "http://127.0.0.1:8080");
    assert_string_equal(config.predict_url, "http://127.0.0.1:8080");
}

static void what_must_be_given_is_named(void **state)
{
    struct config config;
    struct buffer problems = {0};

    (void)state;
    assert_false(config_load(&config, CONFIG_WORKER, nothing, &problems));
    assert_non_null(strstr(problems.data, "TRAINYARD_DATABASE_URL is not set"));
    assert_non_null(strstr(problems.data, "TRAINYARD_BLOB_DIR is not set"));
    buffer_clear(&problems);
}

static void a_program_reads_only_its_own_settings(void **state)
{
    struct config config;
    struct buffer problems = {0};

    (void)state;
    /* a port that is wrong is the API's matter */
    assert_false(config_load(&config, CONFIG_CLI, mistakes, &problems));
    assert_null(strstr(problems.data, "TRAINYARD_PORT"));
    assert_null(strstr(problems.data, "TRAINYARD_BLOB_DIR"));
    buffer_clear(&problems);
}

static void help_lists_what_a_program_reads(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    config_help(out, CONFIG_WORKER);
    fclose(out);
    assert_non_null(strstr(text, "TRAINYARD_DATABASE_URL"));
    assert_non_null(strstr(text, "(must be set)"));
    assert_non_null(strstr(text, "TRAINYARD_POOLS"));
    assert_null(strstr(text, "TRAINYARD_PREDICT_PORT"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_what_is_not_given),
        cmocka_unit_test(what_is_given_wins_and_urls_end_without_a_slash),
        cmocka_unit_test(with_tls_the_urls_are_https),
        cmocka_unit_test(all_mistakes_are_told_at_once_a_line_each),
        cmocka_unit_test(numbers_are_taken_up_to_their_limits),
        cmocka_unit_test(a_choice_is_one_whole_word_of_its_list),
        cmocka_unit_test(urls_are_derived_from_what_is_given_and_are_never_empty),
        cmocka_unit_test(what_must_be_given_is_named),
        cmocka_unit_test(a_program_reads_only_its_own_settings),
        cmocka_unit_test(help_lists_what_a_program_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
