/* answer.c - see answer.h. */
#include "engine/predict/answer.h"

#include "engine/predict/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void answer_add_number(struct buffer *buffer, double number)
{
    char text[32];

    if (!isfinite(number)) {
        buffer_add_text(buffer, "null");
        return;
    }
    snprintf(text, sizeof text, "%.15g", number);
    if (strtod(text, NULL) != number)
        snprintf(text, sizeof text, "%.17g", number);
    buffer_add_text(buffer, text);
}

/* Probabilities are told to twelve digits: more would be noise, and take time to write. */
void answer_add_probability(struct buffer *buffer, double probability)
{
    char text[32];

    snprintf(text, sizeof text, "%.12g", probability);
    buffer_add_text(buffer, text);
}

static void add_typed_number(struct buffer *buffer, enum field_type type, double number)
{
    answer_add_number(buffer, type == FIELD_INTEGER ? nearbyint(number) : number);
}

/*
 * A class as what it is: those of a target that holds no texts were kept as texts all the same.
 * False when it is a text.
 */
static bool add_label(struct buffer *buffer, enum field_type type, const char *label)
{
    size_t length = strlen(label);
    double number;

    if (type == FIELD_BOOLEAN && text_boolean(label, length, &number))
        buffer_add_text(buffer, number != 0 ? "true" : "false");
    else if ((type == FIELD_INTEGER || type == FIELD_FLOAT) && text_number(label, length, &number))
        answer_add_number(buffer, number);
    else
        return false;
    return true;
}

static size_t most_likely(const double *out, size_t count)
{
    size_t best = 0;

    for (size_t at = 1; at < count; at++)
        if (out[at] > out[best])
            best = at;
    return best;
}

const char *answer_add_plain(struct buffer *buffer, const struct predictor *predictor,
                             const struct answer *answer, const double *out)
{
    size_t count;
    const char *const *classes = predictor_classes(predictor, &count);
    const char *label;

    switch (answer->kind) {
    case ANSWER_LABEL:
        label = classes[most_likely(out, count)];
        return add_label(buffer, answer->type, label) ? NULL : label;
    case ANSWER_NUMBER:
        add_typed_number(buffer, answer->type, out[0]);
        break;
    case ANSWER_PROBABILITY:
        answer_add_probability(buffer, out[answer->class_index]);
        break;
    }
    return NULL;
}

static void add_answer(struct buffer *buffer, const struct predictor *predictor,
                       const struct answer *answer, const double *out)
{
    const char *text;

    buffer_add_json(buffer, answer->name, strlen(answer->name));
    buffer_add_char(buffer, ':');
    text = answer_add_plain(buffer, predictor, answer, out);
    if (text != NULL)
        buffer_add_json(buffer, text, strlen(text));
}

static void add_probabilities(struct buffer *buffer, const struct predictor *predictor,
                              const double *out)
{
    size_t count;
    const char *const *classes = predictor_classes(predictor, &count);

    buffer_add_text(buffer, ",\"probabilities\":{");
    for (size_t at = 0; at < count; at++) {
        if (at > 0)
            buffer_add_char(buffer, ',');
        buffer_add_json(buffer, classes[at], strlen(classes[at]));
        buffer_add_char(buffer, ':');
        answer_add_probability(buffer, out[at]);
    }
    buffer_add_char(buffer, '}');
}

void answer_add_result(struct buffer *buffer, const struct predictor *predictor,
                       bool has_output_schema, const double *out)
{
    size_t count;
    const struct answer *answers = predictor_answers(predictor, &count);

    buffer_add_char(buffer, '{');
    for (size_t at = 0; at < count; at++) {
        if (at > 0)
            buffer_add_char(buffer, ',');
        add_answer(buffer, predictor, &answers[at], out);
    }
    if (!has_output_schema && predictor_task(predictor) != TASK_REGRESSION)
        add_probabilities(buffer, predictor, out);
    buffer_add_char(buffer, '}');
}
