/*
 * metrics.h - numbers about the process, in the text form that Prometheus reads.
 *
 * Names and help texts stand in one table in metrics.c; what is not there is refused by an assert.
 * Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_METRICS_METRICS_H
#define TRAINYARD_INFRA_METRICS_METRICS_H

#include "infra/base/buffer.h"
#include "infra/base/error.h"

struct metrics;

MUST_CHECK struct metrics *metrics_new(struct error *err);
void metrics_free(struct metrics *metrics);

/* labels as Prometheus writes them: pool="build"; "" for none. */
void metrics_count(struct metrics *metrics, const char *name, const char *labels, double add);
void metrics_set(struct metrics *metrics, const char *name, const char *labels, double value);
/* A duration into a histogram. */
void metrics_observe(struct metrics *metrics, const char *name, const char *labels, double seconds);

/* A counter's or gauge's value; 0 when it was never touched. */
double metrics_value(struct metrics *metrics, const char *name, const char *labels);

/* Adds all of them as text, format 0.0.4. */
void metrics_render(struct metrics *metrics, struct buffer *text);

#endif
