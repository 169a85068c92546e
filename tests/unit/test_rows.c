/* test_rows.c - packed rows come back as the very values they were, or are refused. */
#include "engine/predict/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A predictor that stands in for the engine's. */
struct predictor {
    const struct field *fields;
    size_t count;
};

const struct field *predictor_fields(const struct predictor *predictor, size_t *count)
{
    *count = predictor->count;
    return predictor->fields;
}

static const struct field FIELDS[] = {{"age", FIELD_INTEGER, true}, {"plan", FIELD_STRING, false}};
static const struct field OTHERS[] = {{"age", FIELD_INTEGER, true}, {"town", FIELD_STRING, false}};
static const struct predictor MODEL = {FIELDS, 2};

static const struct value ROWS[][2] = {
    {{.kind = VALUE_NUMBER, .number = 0.1 + 0.2},
     {.kind = VALUE_TEXT, .text = "a\nb", .length = 3}},
    {{.kind = VALUE_MISSING}, {.kind = VALUE_TEXT, .text = "", .length = 0}},
    {{.kind = VALUE_NUMBER, .number = -0.0}, {.kind = VALUE_MISSING}},
};

enum { ROWS_COUNT = sizeof ROWS / sizeof *ROWS };

static void pack(struct buffer *bytes)
{
    rows_add_head(bytes, &MODEL);
    for (size_t at = 0; at < ROWS_COUNT; at++)
        rows_add(bytes, ROWS[at], 2, "\"note\"", at == 1 ? 6 : 0);
    assert_false(bytes->failed);
}

static void rows_come_back_as_they_were(void **state)
{
    struct buffer bytes = {0};
    struct rows rows = {0};
    struct value values[2];
    struct error err = {0};

    (void)state;
    pack(&bytes);
    assert_true(rows_open(&rows, bytes.data, bytes.length, &MODEL, &err));
    for (size_t at = 0; at < ROWS_COUNT; at++) {
        assert_false(rows_at_end(&rows));
        assert_true(rows_next(&rows, values, &err));
        assert_int_equal(rows.note_length, at == 1 ? 6 : 0);
        for (size_t field = 0; field < 2; field++) {
            const struct value *was = &ROWS[at][field];

            assert_int_equal(values[field].kind, was->kind);
            assert_memory_equal(&values[field].number, &was->number, sizeof was->number);
            assert_int_equal(values[field].length, was->length);
            if (was->length > 0)
                assert_memory_equal(values[field].text, was->text, was->length);
        }
    }
    assert_true(rows_at_end(&rows));
    buffer_clear(&bytes);
}

static void rows_of_another_model_are_refused(void **state)
{
    const struct predictor other = {OTHERS, 2};
    const struct predictor fewer = {FIELDS, 1};
    struct buffer bytes = {0};
    struct rows rows = {0};
    struct error err = {0};

    (void)state;
    pack(&bytes);
    assert_false(rows_open(&rows, bytes.data, bytes.length, &other, &err));
    assert_int_equal(err.code, ERROR_VALIDATION);
    assert_false(rows_open(&rows, bytes.data, bytes.length, &fewer, &err));
    buffer_clear(&bytes);
}

/* Whether all of size bytes can be read; each is copied, so that a sanitizer sees its end. */
static bool reads(const char *data, size_t size, size_t *count)
{
    char *copy = malloc(size + 1);
    struct rows rows = {0};
    struct value values[2];
    struct error err = {0};
    bool ok;

    *count = 0;
    memcpy(copy, data, size);
    ok = rows_open(&rows, copy, size, &MODEL, &err);
    while (ok && !rows_at_end(&rows)) {
        ok = rows_next(&rows, values, &err);
        *count += ok;
    }
    free(copy);
    return ok;
}

static void what_is_cut_or_changed_is_refused_or_read_within_its_bounds(void **state)
{
    struct buffer bytes = {0};
    size_t wholes = 0;
    size_t count;

    (void)state;
    pack(&bytes);
    for (size_t size = 0; size < bytes.length; size++)
        wholes += reads(bytes.data, size, &count); /* cut between rows it is just shorter */
    assert_int_equal(wholes, ROWS_COUNT);
    for (size_t at = 0; at < bytes.length; at++) {
        char was = bytes.data[at];

        bytes.data[at] = (char)0xff;
        (void)reads(bytes.data, bytes.length, &count);
        bytes.data[at] = was;
    }
    assert_true(reads(bytes.data, bytes.length, &count));
    assert_int_equal(count, ROWS_COUNT);
    buffer_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_as_they_were),
        cmocka_unit_test(rows_of_another_model_are_refused),
        cmocka_unit_test(what_is_cut_or_changed_is_refused_or_read_within_its_bounds),
    };

    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
