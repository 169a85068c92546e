/*
 * clock.h - what time it is. Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_BASE_CLOCK_H
#define TRAINYARD_INFRA_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_TEXT_BYTES 32

/* Milliseconds since some moment, never stepped: for measuring and for time limits. */
int64_t clock_monotonic_ms(void);

/* The same in microseconds. */
int64_t clock_monotonic_us(void);

/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);

/* Writes wall_ms as "2023-06-15T08:15:45.123Z" to text and returns text. */
const char *clock_text(int64_t wall_ms, char text[static CLOCK_TEXT_BYTES]);

/* The moment in_ms milliseconds from now on the monotonic clock, for pthread_cond_clockwait. */
struct timespec clock_deadline(int64_t in_ms);

#endif
