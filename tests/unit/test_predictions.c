/* test_predictions.c - rows of input, and answers; over a predictor of the test's own. */
#include "engine/predict/answer.h"
#include "api/input_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A predictor that stands in for the engine's
 * ----------------------------------------------------*/

struct predictor {
    enum task task;
    const struct answer *answers;
    size_t answers_count;
    enum field_type target_type;
    const char *const *classes;
    size_t classes_count;
};

static const struct field FIELDS[] = {
    {"age", FIELD_INTEGER, true},     {"price", FIELD_FLOAT, false}, {"plan", FIELD_STRING, true},
    {"active", FIELD_BOOLEAN, false}, {"since", FIELD_DATE, false},  {"a\"b", FIELD_STRING, false},
};

enum { AGE, PRICE, PLAN, ACTIVE, SINCE, QUOTED, FIELDS_COUNT };

const struct field *predictor_fields(const struct predictor *predictor, size_t *count)
{
    (void)predictor;
    *count = FIELDS_COUNT;
    return FIELDS;
}

bool predictor_field_find(const struct predictor *predictor, const char *name, size_t length,
                          size_t *index)
{
    (void)predictor;
    for (*index = 0; *index < FIELDS_COUNT; (*index)++)
        if (strlen(FIELDS[*index].name) == length && memcmp(FIELDS[*index].name, name, length) == 0)
            return true;
    return false;
}

bool predictor_category_known(const struct predictor *predictor, size_t field,
                              const struct value *value)
{
    (void)predictor;
    return field != PLAN || value->kind != VALUE_TEXT ||
           (value->length == 5 && memcmp(value->text, "basic", 5) == 0);
}

bool predictor_value_fits(const struct predictor *predictor, size_t field,
                          const struct value *value)
{
    char text[32] = "";
    char *end = text;

    (void)predictor;
    if (value->kind != VALUE_TEXT || FIELDS[field].type == FIELD_STRING)
        return true;
    if (FIELDS[field].type == FIELD_DATE)
        return value->length == 10;
    memcpy(text, value->text, value->length < 31 ? value->length : 31);
    strtod(text, &end);
    return *end == '\0' && end != text;
}

enum task predictor_task(const struct predictor *predictor)
{
    return predictor->task;
}

const char *predictor_target(const struct predictor *predictor)
{
    (void)predictor;
    return "churn";
}

const char *const *predictor_classes(const struct predictor *predictor, size_t *count)
{
    *count = predictor->classes_count;
    return predictor->classes;
}

const struct answer *predictor_answers(const struct predictor *predictor, size_t *count)
{
    *count = predictor->answers_count;
    return predictor->answers;
}

/* Rows ------------------------------------------------------------------------------------------*/

static const struct predictor MODEL = {0};

struct outcome {
    struct input_row row;
    struct fields problems;
    struct error err;
    bool ok;
};

static struct outcome read_row(const char *text)
{
    struct outcome o = {0};

    o.ok = input_row_read(&o.row, &MODEL, text, strlen(text), &o.problems, &o.err);
    return o;
}

static void clear(struct outcome *o)
{
    input_row_clear(&o->row);
    fields_clear(&o->problems);
}

static const char *problem(const struct outcome *o, const char *field)
{
    const char *text = json_string_value(json_object_get(o->problems.problems, field));

    return text == NULL ? "" : text;
}

static const char *warnings(const struct outcome *o)
{
    return o->row.warnings.data == NULL ? "" : o->row.warnings.data;
}

static void a_good_row_has_no_word_said(void **state)
{
    struct outcome o = read_row("{\"age\": 42, \"price\": -1.5e2, \"plan\": \"basic\","
                                " \"active\": true, \"since\": \"2024-02-29\"}");

    (void)state;
    assert_true(o.ok);
    assert_null(o.problems.problems);
    assert_string_equal(warnings(&o), "");
    assert_true(o.row.values[AGE].kind == VALUE_NUMBER && o.row.values[AGE].number == 42);
    assert_true(o.row.values[PRICE].number == -150);
    assert_int_equal(o.row.values[PLAN].length, 5);
    assert_memory_equal(o.row.values[PLAN].text, "basic", 5);
    assert_true(o.row.values[ACTIVE].kind == VALUE_NUMBER && o.row.values[ACTIVE].number == 1);
    assert_int_equal(o.row.values[SINCE].kind, VALUE_TEXT);
    assert_int_equal(o.row.values[QUOTED].kind, VALUE_MISSING);
    clear(&o);
}

static void a_missing_field_may_be_meant_by_an_extra_one(void **state)
{
    struct outcome o = read_row("{\"aeg\": 3, \"plam\": \"a\", \"quite another\": 1}");
    struct outcome escaped = read_row("{\"aeg\": 3, \"pl\\u0061m\": \"a\"}");

    (void)state;
    assert_string_equal(problem(&o, "age"),
                        "missing: give a whole number; did you mean it by aeg?");
    assert_string_equal(problem(&o, "plan"), "missing: give a string; did you mean it by plam?");
    assert_string_equal(problem(&escaped, "plan"), problem(&o, "plan"));
    clear(&escaped);
    clear(&o);
}

static void every_missing_and_wrong_field_is_named(void **state)
{
    struct outcome o = read_row("{\"age\": null, \"price\": true, \"active\": [1],"
                                " \"since\": \"soon\"}");

    (void)state;
    assert_true(o.ok);
    assert_int_equal(json_object_size(o.problems.problems), 5);
    assert_string_equal(problem(&o, "age"), "missing: give a whole number");
    assert_string_equal(problem(&o, "plan"), "missing: give a string");
    assert_string_equal(problem(&o, "price"), "wrong type: give a number");
    assert_string_equal(problem(&o, "active"), "wrong type: give true or false");
    assert_non_null(strstr(problem(&o, "since"), "2024-02-29"));
    clear(&o);
}

static void an_object_for_a_required_field_is_of_the_wrong_type(void **state)
{
    struct outcome o = read_row("{\"age\": {\"years\": 3}, \"plan\": \"basic\"}");

    (void)state;
    assert_int_equal(json_object_size(o.problems.problems), 1);
    assert_string_equal(problem(&o, "age"), "wrong type: give a whole number");
    clear(&o);
}

static void what_is_bent_to_fit_is_said(void **state)
{
    struct outcome o =
        read_row("{\"age\": \"42\", \"plan\": \"gold\", \"colour\": 1, \"churn\": \"No\"}");

    (void)state;
    assert_true(o.ok);
    assert_null(o.problems.problems);
    assert_non_null(strstr(warnings(&o), "age: the text \\\"42\\\" was read as a number"));
    assert_non_null(strstr(warnings(&o), "plan: \\\"gold\\\" did not occur in training"));
    assert_non_null(strstr(warnings(&o), "colour: the model has no such field"));
    assert_non_null(strstr(warnings(&o), "churn: is what the model predicts"));
    assert_int_equal(o.row.warnings_count, 4);
    clear(&o);
}

static void numbers_and_truths_of_text_fields_are_taken_with_a_word(void **state)
{
    struct outcome o = read_row("{\"age\": 1.5, \"plan\": false, \"a\\\"b\": 3}");

    (void)state;
    assert_true(o.ok);
    assert_null(o.problems.problems);
    assert_memory_equal(o.row.values[PLAN].text, "false", 5);
    assert_true(o.row.values[QUOTED].number == 3);
    assert_non_null(strstr(warnings(&o), "age: 1.5 is not a whole number"));
    clear(&o);
}

static void texts_beyond_ascii_and_escapes_are_read(void **state)
{
    struct outcome o =
        read_row("{\"age\": 1, \"plan\": \"d\xc3\xa9j\\u00e0 \\\"vu\\\"\", \"a\\\"b\": \"x\"}");

    (void)state;
    assert_true(o.ok);
    assert_int_equal(o.row.values[PLAN].length, 11);
    assert_memory_equal(o.row.values[PLAN].text, "d\xc3\xa9j\xc3\xa0 \"vu\"", 11);
    assert_memory_equal(o.row.values[QUOTED].text, "x", 1);
    clear(&o);
}

static void texts_for_missing_numbers_are_missing(void **state)
{
    struct outcome o = read_row("{\"age\": \"\", \"price\": \"NA\", \"plan\": \"basic\"}");

    (void)state;
    assert_int_equal(json_object_size(o.problems.problems), 1);
    assert_string_equal(problem(&o, "age"), "missing: give a whole number");
    assert_int_equal(o.row.values[PRICE].kind, VALUE_MISSING);
    clear(&o);
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const TEXTS[] = {
        "",
        "  ",
        "[]",
        "3",
        "null",
        "{",
        "{\"age\"}",
        "{\"age\":}",
        "{\"age\":1,}",
        "{\"age\":01}",
        "{\"age\":1.}",
        "{\"age\":+1}",
        "{\"age\":0x10}",
        "{\"age\":1e999}",
        "{\"age\":NaN}",
        "{\"age\":1} x",
        "{\"age\":1",
        "{\"age\":12",
        "{\"age\":\"1}",
        "{\"age\":tru}",
        "{\"age\":1 \"plan\":2}",
        "{\"age\":1,\"age\":2}",
        "{\"age\":1,\"x\":2,\"x\":{}}",
        "{'age':1}",
        "{\"plan\":\"\xff\"}",
        "{\"plan\":\"a\tb\"}",
        "{\"plan\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
    };

    (void)state;
    for (size_t at = 0; at < sizeof TEXTS / sizeof *TEXTS; at++) {
        struct outcome o = read_row(TEXTS[at]);

        if (o.ok)
            fail_msg("taken: %s", TEXTS[at]);
        assert_int_equal(o.err.code, ERROR_INVALID_REQUEST);
        clear(&o);
    }
}

/* No byte past the end is read: every prefix of a row, in memory of exactly its size. */
static void every_prefix_is_refused(void **state)
{
    static const char TEXT[] = "{\"age\":42.5e1,\"plan\":\"basic\",\"active\":false,\"x\":null}";

    (void)state;
    for (size_t length = 0; length < sizeof TEXT - 1; length++) {
        char *copy = malloc(length + (length == 0));
        struct outcome o = {0};

        memcpy(copy, TEXT, length);
        assert_false(input_row_read(&o.row, &MODEL, copy, length, &o.problems, &o.err));
        clear(&o);
        free(copy);
    }
}

static void warnings_have_a_limit(void **state)
{
    struct buffer text = {0};
    struct outcome o;

    (void)state;
    buffer_add_text(&text, "{\"age\":1,\"plan\":\"basic\"");
    for (int at = 0; at < 1000; at++)
        buffer_printf(&text, ",\"extra%d\":%d", at, at);
    buffer_add_char(&text, '}');
    o = read_row(text.data);
    assert_true(o.ok);
    assert_non_null(strstr(warnings(&o), "extra49"));
    assert_null(strstr(warnings(&o), "extra50"));
    clear(&o);
    buffer_clear(&text);
}

/* Answers ---------------------------------------------------------------------------------------*/

static void assert_answer(const struct predictor *predictor, bool has_output_schema,
                          const double *out, const char *expected)
{
    struct buffer text = {0};

    answer_add_result(&text, predictor, has_output_schema, out);
    assert_string_equal(text.data, expected);
    buffer_clear(&text);
}

static const char *const YES_NO[] = {"No", "Yes"};
static const char *const ZERO_ONE[] = {"0", "1"};
static const char *const TRUTHS[] = {"false", "true"};

static void a_classification_answers_label_and_probabilities(void **state)
{
    static const struct answer ANSWER[] = {{"churn", ANSWER_LABEL, FIELD_STRING, 0}};
    const struct predictor model = {TASK_BINARY, ANSWER, 1, FIELD_STRING, YES_NO, 2};

    (void)state;
    assert_answer(&model, false, (const double[]){0.25, 0.75},
                  "{\"churn\":\"Yes\",\"probabilities\":{\"No\":0.25,\"Yes\":0.75}}");
    assert_answer(&model, true, (const double[]){0.75, 0.25}, "{\"churn\":\"No\"}");
}

static void labels_are_written_as_what_they_are(void **state)
{
    static const struct answer INTEGER[] = {{"y", ANSWER_LABEL, FIELD_INTEGER, 0}};
    static const struct answer BOOLEAN[] = {{"y", ANSWER_LABEL, FIELD_BOOLEAN, 0}};
    const struct predictor integer = {TASK_BINARY, INTEGER, 1, FIELD_INTEGER, ZERO_ONE, 2};
    const struct predictor boolean = {TASK_BINARY, BOOLEAN, 1, FIELD_BOOLEAN, TRUTHS, 2};

    (void)state;
    assert_answer(&integer, true, (const double[]){0.1, 0.9}, "{\"y\":1}");
    assert_answer(&boolean, true, (const double[]){0.1, 0.9}, "{\"y\":true}");
}

static void an_output_schema_may_ask_for_a_probability(void **state)
{
    static const struct answer ANSWERS[] = {
        {"churn_probability", ANSWER_PROBABILITY, FIELD_FLOAT, 1},
        {"churn", ANSWER_LABEL, FIELD_STRING, 0}};
    const struct predictor model = {TASK_BINARY, ANSWERS, 2, FIELD_STRING, YES_NO, 2};

    (void)state;
    assert_answer(&model, true, (const double[]){0.9, 0.1},
                  "{\"churn_probability\":0.1,\"churn\":\"No\"}");
}

static void a_regression_answers_a_number(void **state)
{
    static const struct answer FLOAT[] = {{"price", ANSWER_NUMBER, FIELD_FLOAT, 0}};
    static const struct answer INTEGER[] = {{"bikers", ANSWER_NUMBER, FIELD_INTEGER, 0}};
    const struct predictor price = {TASK_REGRESSION, FLOAT, 1, FIELD_FLOAT, NULL, 0};
    const struct predictor bikers = {TASK_REGRESSION, INTEGER, 1, FIELD_INTEGER, NULL, 0};

    (void)state;
    assert_answer(&price, false, (const double[]){0.1 + 0.2}, "{\"price\":0.30000000000000004}");
    assert_answer(&bikers, false, (const double[]){16.6}, "{\"bikers\":17}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_row_has_no_word_said),
        cmocka_unit_test(a_missing_field_may_be_meant_by_an_extra_one),
        cmocka_unit_test(every_missing_and_wrong_field_is_named),
        cmocka_unit_test(an_object_for_a_required_field_is_of_the_wrong_type),
        cmocka_unit_test(what_is_bent_to_fit_is_said),
        cmocka_unit_test(numbers_and_truths_of_text_fields_are_taken_with_a_word),
        cmocka_unit_test(texts_beyond_ascii_and_escapes_are_read),
        cmocka_unit_test(texts_for_missing_numbers_are_missing),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(warnings_have_a_limit),
        cmocka_unit_test(a_classification_answers_label_and_probabilities),
        cmocka_unit_test(labels_are_written_as_what_they_are),
        cmocka_unit_test(an_output_schema_may_ask_for_a_probability),
        cmocka_unit_test(a_regression_answers_a_number),
    };

    return cmocka_run_group_tests_name("predictions", tests, NULL, NULL);
}
