/* result.c - see result.h. */
#include "engine/predict/result.h"

#include "engine/predict/answer.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN_BYTES = 300 };

const char *const result_format_words[] = {"ndjson", "csv", "parquet", NULL};

void result_add_json(struct buffer *lines, const struct result_form *form, const double *out,
                     const char *warnings, size_t warnings_length)
{
    buffer_add_text(lines, "{\"prediction\":");
    answer_add_result(lines, form->predictor, form->has_output_schema, out);
    if (warnings_length > 0) {
        buffer_add_text(lines, ",\"warnings\":[");
        buffer_add(lines, warnings, warnings_length);
        buffer_add_char(lines, ']');
    }
    buffer_add_text(lines, "}\n");
}

void result_add_json_error(struct buffer *lines, const char *error)
{
    buffer_add_text(lines, "{\"prediction\":null,\"error\":");
    buffer_add_json(lines, error, strlen(error));
    buffer_add_text(lines, "}\n");
}

/* CSV -------------------------------------------------------------------------------------------*/

static bool has_probabilities(const struct result_form *form)
{
    return !form->has_output_schema && predictor_task(form->predictor) != TASK_REGRESSION;
}

static const char *type_of(const struct answer *answer)
{
    static const char *const TYPES[] = {
        [FIELD_FLOAT] = "DOUBLE",   [FIELD_INTEGER] = "BIGINT", [FIELD_BOOLEAN] = "BOOLEAN",
        [FIELD_STRING] = "VARCHAR", [FIELD_DATE] = "VARCHAR",
    };

    if (answer->kind == ANSWER_PROBABILITY ||
        (answer->kind == ANSWER_NUMBER && answer->type != FIELD_INTEGER))
        return "DOUBLE";
    return TYPES[answer->type];
}

void result_columns(const struct result_form *form,
                    void (*tell)(void *context, const char *name, const char *type), void *context)
{
    size_t count;
    const struct answer *answers = predictor_answers(form->predictor, &count);
    const char *error = "error";
    char name[COLUMN_BYTES];

    for (size_t at = 0; at < count; at++) {
        tell(context, answers[at].name, type_of(&answers[at]));
        if (strcmp(answers[at].name, error) == 0)
            error = "row_error";
    }
    if (has_probabilities(form)) {
        const char *const *classes = predictor_classes(form->predictor, &count);

        for (size_t at = 0; at < count; at++) {
            snprintf(name, sizeof name, "probability_%.280s", classes[at]);
            tell(context, name, "DOUBLE");
        }
    }
    tell(context, error, "VARCHAR");
}

/* Texts are quoted, so that what is not there (nothing) differs from what is empty (""). */
static void add_quoted(struct buffer *lines, const char *text)
{
    buffer_add_char(lines, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            buffer_add_char(lines, '"');
        buffer_add_char(lines, *text);
    }
    buffer_add_char(lines, '"');
}

static void add_name(void *context, const char *name, const char *type)
{
    struct buffer *lines = context;

    (void)type;
    if (lines->length > 0)
        buffer_add_char(lines, ',');
    add_quoted(lines, name);
}

void result_add_csv_head(struct buffer *lines, const struct result_form *form)
{
    struct buffer line = {0};

    result_columns(form, add_name, &line);
    buffer_add_char(&line, '\n');
    lines->failed = lines->failed || line.failed;
    buffer_add(lines, line.data, line.length);
    buffer_clear(&line);
}

void result_add_csv(struct buffer *lines, const struct result_form *form, const double *out)
{
    size_t count;
    const struct answer *answers = predictor_answers(form->predictor, &count);

    for (size_t at = 0; at < count; at++) {
        const char *text = answer_add_plain(lines, form->predictor, &answers[at], out);

        if (text != NULL)
            add_quoted(lines, text);
        buffer_add_char(lines, ',');
    }
    if (has_probabilities(form))
        for (size_t at = 0; at < predictor_outputs(form->predictor); at++) {
            answer_add_probability(lines, out[at]);
            buffer_add_char(lines, ',');
        }
    buffer_add_char(lines, '\n');
}

void result_add_csv_error(struct buffer *lines, const struct result_form *form, const char *error)
{
    size_t count;

    predictor_answers(form->predictor, &count);
    if (has_probabilities(form))
        count += predictor_outputs(form->predictor);
    for (size_t at = 0; at < count; at++)
        buffer_add_char(lines, ',');
    add_quoted(lines, error);
    buffer_add_char(lines, '\n');
}
