/* clock.c - see clock.h. */
#include "infra/base/clock.h"

#include <stdio.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

const char *clock_text(int64_t wall_ms, char text[static CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    size_t length;

    gmtime_r(&seconds, &utc);
    length = strftime(text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + length, CLOCK_TEXT_BYTES - length, ".%03dZ", (int)(wall_ms % 1000));
    return text;
}

struct timespec clock_deadline(int64_t in_ms)
{
    struct timespec at;

    if (in_ms < 0)
        in_ms = 0;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(in_ms / 1000);
    at.tv_nsec += (long)(in_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}
