/* test_cli.c - the command line: words are read, tables and bars are as people see them. */
#include "api/cli/args.h"
#include "api/cli/client.h"
#include "api/cli/follow.h"
#include "api/cli/progress.h"
#include "api/cli/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct option_form OPTIONS[] = {
    {"--limit", "N", "how many", NULL},
    {"--tag", "TAG", "a tag", NULL},
    {"--follow", NULL, "goes on", "-f"},
    {NULL, NULL, NULL, NULL},
};
static const struct verb VERBS[] = {
    {"list", "", 0, 0, "lists", OPTIONS, NULL},
    {"get", "NAME", 1, 1, "gets", OPTIONS, NULL},
    {"create", "FILE...", 1, 3, "creates", NULL, NULL},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
static const struct noun THINGS = {"things", "things", VERBS};
static const struct verb ALONE[] = {
    {"", "NAME", 1, 1, "does", OPTIONS, NULL},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
static const struct noun DO = {"do", "does", ALONE};

/* Splits line at spaces and reads it. */
static bool read_line(const struct noun *noun, const char *line, struct args *args,
                      struct error *err)
{
    static char copy[256];
    char *words[100];
    int count = 0;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word != NULL && count < 100; word = strtok(NULL, " "))
        words[count++] = word;
    return args_read(noun, count, words, args, err);
}

static void words_and_options_are_read_in_any_order(void **state)
{
    struct args args;
    struct error err = {0};
    int64_t limit;

    (void)state;
    assert_true(read_line(&THINGS, "get --tag a --limit=7 churn --tag=b -f --json", &args, &err));
    assert_string_equal(args.verb->name, "get");
    assert_int_equal(args.words_count, 1);
    assert_string_equal(args.words[0], "churn");
    assert_string_equal(args_value(&args, "--tag", 0), "a");
    assert_string_equal(args_value(&args, "--tag", 1), "b");
    assert_null(args_value(&args, "--tag", 2));
    assert_true(args_has(&args, "--follow"));
    assert_true(args_has(&args, "--json"));
    assert_true(args_int(&args, "--limit", 1, 10, 3, &limit, &err));
    assert_int_equal(limit, 7);
    assert_false(args_int(&args, "--limit", 1, 6, 3, &limit, &err));
    assert_true(read_line(&DO, "-- --strange", &args, &err));
    assert_string_equal(args.words[0], "--strange");
    assert_true(read_line(&DO, "-", &args, &err)); /* a name too: stdin */
}

static void what_makes_no_sense_is_told_with_what_may_be_meant(void **state)
{
    static const struct {
        const struct noun *noun;
        const char *line;
        const char *told;
    } ROWS[] = {
        {&THINGS, "", "say what to do"},
        {&THINGS, "lst", "there is no command lst; did you mean list?"},
        {&THINGS, "frobnicate", "there is no command frobnicate; see trainyard things --help"},
        {&THINGS, "list --limt 3", "there is no option --limt; did you mean --limit?"},
        {&THINGS, "list --jso", "did you mean --json?"},
        {&THINGS, "create --tag x f", "there is no option --tag"},
        {&THINGS, "list --limit", "the option --limit wants a value: N"},
        {&THINGS, "list --follow=yes", "the option --follow takes no value"},
        {&THINGS, "get", "give NAME: trainyard things get NAME"},
        {&THINGS, "get a b", "b is one argument too many"},
        {&THINGS, "create a b c d", "d is one argument too many"},
        {&DO, "", "give NAME: trainyard do NAME"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        struct args args;
        struct error err = {0};

        assert_false(read_line(ROWS[at].noun, ROWS[at].line, &args, &err));
        if (strstr(err.message, ROWS[at].told) == NULL)
            fail_msg("'%s' is told as '%s', not '%s'", ROWS[at].line, err.message, ROWS[at].told);
    }
}

static void a_line_may_be_longer_than_there_is_room_for(void **state)
{
    char *words[ARGS_WORDS_MOST + ARGS_OPTIONS_MOST + 2];
    char option[] = "--follow";
    char word[] = "w";
    struct args args;
    struct error err = {0};

    (void)state;
    for (size_t at = 0; at < sizeof words / sizeof *words; at++)
        words[at] = word;
    assert_false(args_read(&DO, ARGS_WORDS_MOST + 1, words, &args, &err));
    assert_non_null(strstr(err.message, "more than 64 arguments"));
    for (size_t at = 0; at < sizeof words / sizeof *words; at++)
        words[at] = option;
    assert_false(args_read(&DO, ARGS_OPTIONS_MOST + 1, words, &args, &err));
    assert_non_null(strstr(err.message, "more than 96 options"));
}

static void assert_text(struct buffer *text, const char *wanted)
{
    assert_false(text->failed);
    assert_string_equal(text->data, wanted);
    buffer_clear(text);
}

static void rows_stand_under_their_titles(void **state)
{
    static const struct column COLUMNS[] = {
        {"NAME", "name", CELL_TEXT},
        {"SIZE", "file.0.bytes", CELL_BYTES},
        {"DONE", "progress", CELL_PERCENT},
        {"AT", "at", CELL_TIME},
        {"ON", "on", CELL_TEXT},
        {NULL, NULL, CELL_TEXT},
    };
    json_t *rows = json_loads(
        "[{\"name\": \"Käse\", \"file\": [{\"bytes\": 1234567}], \"progress\": 7,"
        "  \"at\": \"2026-11-24T10:20:30.123Z\", \"on\": true},"
        " {\"name\": \"longer\\nname\", \"file\": [{\"bytes\": 12}], \"progress\": 100}]",
        0, NULL);
    struct buffer text = {0};

    (void)state;
    table_add(&text, COLUMNS, rows);
    assert_text(&text, "NAME           SIZE   DONE  AT                    ON\n"
                       "Käse         1.2 MB    7 %  2026-11-24 10:20:30Z  yes\n"
                       "longer name    12 B  100 %  -                     -\n");
    table_add_record(&text, COLUMNS, json_array_get(rows, 1));
    assert_text(&text, "NAME  longer name\nSIZE  12 B\nDONE  100 %\n");
    json_decref(rows);
}

static void nothing_that_the_api_tells_steers_the_terminal(void **state)
{
    json_t *text = json_string("a\x1b[31mred\x7f \xc2\x9b"
                               "2J\tb");
    struct buffer cell = {0};

    (void)state;
    table_add_cell(&cell, text, CELL_WHOLE);
    assert_text(&cell, "a [31mred   2J b");
    json_decref(text);
}

static void long_cells_are_cut_and_whole_ones_are_not(void **state)
{
    char longer[201];
    json_t *text;
    struct buffer cell = {0};

    (void)state;
    memset(longer, 'x', 200);
    longer[200] = '\0';
    text = json_string(longer);
    table_add_cell(&cell, text, CELL_TEXT);
    assert_int_equal(cell.length, 59 + strlen("…"));
    buffer_reset(&cell);
    table_add_cell(&cell, text, CELL_WHOLE);
    assert_int_equal(cell.length, 200);
    buffer_clear(&cell);
    json_decref(text);
}

static void a_bar_is_as_long_as_it_is_far(void **state)
{
    struct buffer text = {0};

    (void)state;
    progress_add_bar(&text, 50, "training");
    assert_text(&text, "[###############...............]  50 % training");
    progress_add_bar(&text, 130, "");
    assert_text(&text, "[##############################] 100 %");
    progress_add_bar(&text, -1, NULL);
    assert_text(&text, "[..............................]   0 %");
    progress_add_bytes(&text, 12300000, 45600000, 1500);
    assert_text(&text, "12.3 of 45.6 MB, 8.2 MB/s");
    progress_add_bytes(&text, 1200, 0, 0);
    assert_text(&text, "1.2 kB");
}

/* What progress writes when out is no terminal, or is. */
static char *written(bool terminal, size_t *length)
{
    struct progress progress;
    char *text = NULL;
    FILE *out = open_memstream(&text, length);

    progress_init(&progress, out, terminal, "build");
    progress_show(&progress, 0, "reading");
    progress_show(&progress, 4, "reading");
    progress_say(&progress, out, "a line");
    progress_show(&progress, 12, "training");
    progress_show(&progress, 12, "training");
    progress_clear(&progress);
    fclose(out);
    return text;
}

static void without_a_terminal_progress_is_lines(void **state)
{
    size_t length;
    char *text = written(false, &length);

    (void)state;
    assert_string_equal(text, "build   0 % reading\na line\nbuild  12 % training\n");
    free(text);
}

static void at_a_terminal_the_bar_stays_below_what_is_said(void **state)
{
    size_t length;
    char *text = written(true, &length);

    (void)state;
    assert_non_null(strstr(text, "\r\033[Kbuild [#............................."
                                 "]   4 % reading\r\033[Ka line\nbuild ["));
    assert_non_null(strstr(text, " 12 % training\r\033[K"));
    assert_null(strstr(text, "training\r\033[Kbuild")); /* the same again is not drawn again */
    free(text);
}

static bool note_event(void *context, const char *name, const char *id, const char *data)
{
    buffer_printf(context, "(%s %s %s)", name, id, data);
    return strcmp(name, "end") != 0;
}

static void events_are_read_however_they_are_cut(void **state)
{
    static const char STREAM[] =
        ": hello\n\nid: 1.0\r\nevent: log\r\ndata: {\"a\":\ndata: 1}\r\n\r\n"
        "data:x\n\nevent: end\ndata: {}\n\nevent: log\ndata: late\n\n";
    static const char WANTED[] = "(log 1.0 {\"a\":\n1})(message 1.0 x)(end 1.0 {})";

    (void)state;
    for (size_t piece = 1; piece < sizeof STREAM; piece++) {
        struct event_reader reader = {0};
        struct buffer found = {0};
        bool more = true;

        for (size_t at = 0; more && at < strlen(STREAM); at += piece) {
            size_t left = strlen(STREAM) - at;

            more = event_reader_feed(&reader, STREAM + at, left < piece ? left : piece, note_event,
                                     &found);
        }
        assert_false(more);
        assert_text(&found, WANTED);
        event_reader_clear(&reader);
    }
}

static void paths_are_encoded(void **state)
{
    struct buffer path = {0};

    (void)state;
    client_path_add(&path, "/models/", "a/b c?ü");
    client_path_query(&path, "limit", "7");
    client_path_query(&path, "offset", NULL);
    client_path_query(&path, "status", "A&B");
    assert_text(&path, "/models/a%2Fb%20c%3F%C3%BC?limit=7&status=A%26B");
}

static void a_url_without_a_scheme_is_refused(void **state)
{
    struct client_settings settings = {.url = "127.0.0.1:8080", .key = "k"};
    struct error err = {0};

    (void)state;
    assert_null(client_new(&settings, &err));
    assert_int_equal(err.code, ERROR_INVALID_REQUEST);
    settings.url = "http://127.0.0.1:8080//";
    client_free(client_new(&settings, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_options_are_read_in_any_order),
        cmocka_unit_test(what_makes_no_sense_is_told_with_what_may_be_meant),
        cmocka_unit_test(a_line_may_be_longer_than_there_is_room_for),
        cmocka_unit_test(rows_stand_under_their_titles),
        cmocka_unit_test(nothing_that_the_api_tells_steers_the_terminal),
        cmocka_unit_test(long_cells_are_cut_and_whole_ones_are_not),
        cmocka_unit_test(a_bar_is_as_long_as_it_is_far),
        cmocka_unit_test(without_a_terminal_progress_is_lines),
        cmocka_unit_test(at_a_terminal_the_bar_stays_below_what_is_said),
        cmocka_unit_test(events_are_read_however_they_are_cut),
        cmocka_unit_test(paths_are_encoded),
        cmocka_unit_test(a_url_without_a_scheme_is_refused),
    };

    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
