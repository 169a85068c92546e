/*
 * traffic.h - how many requests each route answered, how, and how fast: for /metrics.
 *
 * Counting takes no lock. Every function may be called from any thread.
 */
#ifndef TRAINYARD_API_TRAFFIC_H
#define TRAINYARD_API_TRAFFIC_H

#include "infra/base/buffer.h"

struct route;
struct traffic;

/* NULL on failure: ERROR_NO_MEMORY. */
MUST_CHECK struct traffic *traffic_new(struct error *err);
void traffic_free(struct traffic *traffic);

/* Counts one answer; route is NULL when there was none for the path. */
void traffic_count(struct traffic *traffic, const struct route *route, int status,
                   int64_t taken_us);

/* Adds all counts in the text form of Prometheus. */
void traffic_add_text(struct traffic *traffic, struct buffer *text);

#endif
