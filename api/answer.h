/*
 * answer.h - a prediction as the API tells it.
 *
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_API_ANSWER_H
#define TRAINYARD_API_ANSWER_H

#include "engine/predict/predictor.h"
#include "infra/base/buffer.h"

/*
 * Adds the result object for what predictor_run() wrote to out: the fields of the output schema;
 * or, where the client gave none, the target and for a classification `probabilities` by class.
 */
void answer_add_result(struct buffer *buffer, const struct predictor *predictor,
                       bool has_output_schema, const double *out);

/* Adds a number so that reading it gives the same double; null for what JSON has no number for. */
void answer_add_number(struct buffer *buffer, double number);

#endif
