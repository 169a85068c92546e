/*
 * infer_input.c - fuzz target: the body of a prediction, from text to the answer.
 *
 * The one-pass reader is held against the JSON library: both take the same texts and read the same
 * values. The model is model.artifact.
 */
#include "api/input_row.h"
#include "engine/predict/answer.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

static const struct predictor *model(void)
{
    static struct predictor *predictor; /* opened once; the process ends with it */
    struct error err = {0};

    if (predictor == NULL)
        predictor = predictor_open(TRAINYARD_SOURCE_DIR "/tests/fuzz/model.artifact", &err);
    FUZZ_REQUIRE(predictor != NULL);
    return predictor;
}

/* The value that was read is the one that stands in the text. */
static void compare(const json_t *given, const struct value *value)
{
    if (json_is_string(given) && value->kind == VALUE_TEXT)
        FUZZ_REQUIRE(value->length == json_string_length(given) &&
                     memcmp(value->text, json_string_value(given), value->length) == 0);
    else if (json_is_number(given) && value->kind == VALUE_NUMBER)
        FUZZ_REQUIRE(value->number == json_number_value(given));
    else if (json_is_null(given) || given == NULL)
        FUZZ_REQUIRE(value->kind == VALUE_MISSING);
}

static void compare_all(const struct predictor *predictor, const json_t *body,
                        const struct input_row *row, const struct fields *problems)
{
    size_t count;
    const struct field *fields = predictor_fields(predictor, &count);

    for (size_t at = 0; at < count; at++)
        if (json_object_get(problems->problems, fields[at].name) == NULL)
            compare(json_object_get(body, fields[at].name), &row->values[at]);
}

/* The warnings are JSON as they stand. */
static void check_warnings(const struct input_row *row)
{
    struct error err = {0};
    struct buffer list = {0};
    json_t *read;

    buffer_add_char(&list, '[');
    if (row->warnings.length > 0)
        buffer_add(&list, row->warnings.data, row->warnings.length);
    buffer_add_char(&list, ']');
    read = json_parse(list.data, list.length, &err);
    FUZZ_REQUIRE(json_is_array(read) && json_array_size(read) <= INPUT_WARNINGS_MOST);
    json_decref(read);
    buffer_clear(&list);
}

static void predict(const struct predictor *predictor, const struct input_row *row)
{
    double *out = calloc(predictor_outputs(predictor), sizeof *out);
    struct error err = {0};
    struct buffer answer = {0};
    json_t *read;

    predictor_run(predictor, row->values, out);
    for (size_t at = 0; at < predictor_outputs(predictor); at++)
        FUZZ_REQUIRE(out[at] >= 0 && out[at] <= 1);
    answer_add_result(&answer, predictor, false, out);
    read = json_parse(answer.data, answer.length, &err);
    FUZZ_REQUIRE(json_is_object(read));
    json_decref(read);
    buffer_clear(&answer);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct predictor *predictor = model();
    struct error err = {0};
    struct fields problems = {0};
    struct input_row row;
    json_t *body = json_parse((const char *)data, size, &err);
    bool ok = input_row_read(&row, predictor, (const char *)data, size, &problems, &err);

    FUZZ_REQUIRE(ok == json_is_object(body));
    if (ok) {
        compare_all(predictor, body, &row, &problems);
        check_warnings(&row);
        if (problems.problems == NULL)
            predict(predictor, &row);
    } else {
        FUZZ_REQUIRE(err.code == ERROR_INVALID_REQUEST);
    }
    input_row_clear(&row);
    fields_clear(&problems);
    json_decref(body);
    return 0;
}
