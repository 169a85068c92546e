/*
 * key_meter.h - what requests take from a key: its token bucket, and counts to be written down.
 *
 * A bucket of a plan with N requests a minute holds N tokens and gains N a minute. It is one
 * number: the moment at which it will be full again. No lock; every function may be called from any
 * thread.
 */
#ifndef TRAINYARD_API_KEY_METER_H
#define TRAINYARD_API_KEY_METER_H

#include <stdatomic.h>
#include <stdint.h>

/* Zeroed: a full bucket, and nothing counted. */
struct key_meter {
    atomic_int_least64_t full_us; /* by the monotonic clock */
    atomic_int_least64_t requests;
    atomic_int_least64_t predictions;
};

/*
 * Takes a token at the moment now_us, of a bucket that gains per_minute. 0 if it was there, else
 * how many microseconds it takes until one is, and nothing is taken.
 */
int64_t key_meter_take(struct key_meter *meter, int per_minute, int64_t now_us);

/* Counts requests and predictions; numbers may be negative. */
void key_meter_count(struct key_meter *meter, int64_t requests, int64_t predictions);

/* What was counted since the last call. */
void key_meter_collect(struct key_meter *meter, int64_t *requests, int64_t *predictions);

#endif
