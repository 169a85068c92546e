/* key_meter.c - see key_meter.h. */
#include "api/key_meter.h"

enum { MINUTE_US = 60000000 };

int64_t key_meter_take(struct key_meter *meter, int per_minute, int64_t now_us)
{
    int64_t token_us = MINUTE_US / per_minute;
    int64_t full_us = atomic_load_explicit(&meter->full_us, memory_order_relaxed);
    int64_t next_us;

    do {
        next_us = (full_us > now_us ? full_us : now_us) + token_us;
        if (next_us - now_us > token_us * per_minute) /* it would hold less than nothing */
            return next_us - now_us - token_us * per_minute;
    } while (!atomic_compare_exchange_weak_explicit(&meter->full_us, &full_us, next_us,
                                                    memory_order_relaxed, memory_order_relaxed));
    return 0;
}

void key_meter_count(struct key_meter *meter, int64_t requests, int64_t predictions)
{
    atomic_fetch_add_explicit(&meter->requests, requests, memory_order_relaxed);
    if (predictions != 0)
        atomic_fetch_add_explicit(&meter->predictions, predictions, memory_order_relaxed);
}

void key_meter_collect(struct key_meter *meter, int64_t *requests, int64_t *predictions)
{
    *requests = atomic_exchange_explicit(&meter->requests, 0, memory_order_relaxed);
    *predictions = atomic_exchange_explicit(&meter->predictions, 0, memory_order_relaxed);
}
