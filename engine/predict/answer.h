/*
 * answer.h - a prediction as clients are told it, by JSON.
 *
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_ANSWER_H
#define TRAINYARD_ENGINE_PREDICT_ANSWER_H

#include "engine/predict/predictor.h"
#include "infra/base/buffer.h"

/*
 * Adds the result object for what predictor_run() wrote to out: the fields of the output schema;
 * or, where the client gave none, the target and for a classification `probabilities` by class.
 */
void answer_add_result(struct buffer *buffer, const struct predictor *predictor,
                       bool has_output_schema, const double *out);

/*
 * Adds the value of one field of an answer, as JSON and CSV alike write it. A text is not added but
 * returned, owned by the predictor, to be quoted; NULL otherwise.
 */
const char *answer_add_plain(struct buffer *buffer, const struct predictor *predictor,
                             const struct answer *answer, const double *out);

void answer_add_probability(struct buffer *buffer, double probability);

/* Adds a number so that reading it gives the same double; null for what JSON has no number for. */
void answer_add_number(struct buffer *buffer, double number);

#endif
