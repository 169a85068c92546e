/*
 * values.h - reads numbers, booleans and dates out of texts; any thread.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_VALUES_H
#define TRAINYARD_ENGINE_PREDICT_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "", NA, N/A, NaN, null, ?: the words that stand for a missing value. */
bool text_is_missing(const char *text, size_t length);

/* A finite decimal number, blanks around it allowed. No hexadecimal, no words. */
bool text_number(const char *text, size_t length, double *number);

/* true, false, yes, no, t, f, y, n, 1, 0 in any case. */
bool text_boolean(const char *text, size_t length, double *number);

/*
 * ISO dates and times: 2024-02-29, 2024/2/29, 2024-02-29T12:30, 12:30:45.25 with T or a blank, then
 * Z or an offset such as +02:00. Gives seconds since 1970, UTC. False for days that do not exist.
 */
bool text_date(const char *text, size_t length, double *seconds);

/* A day of the calendar (Gregorian, also before 1582). */
struct day {
    int year;
    int month;   /* 1 to 12 */
    int day;     /* 1 to 31 */
    int weekday; /* 0 is Monday */
    int yearday; /* 1 to 366 */
};

/* The day that begins days after 1970-01-01. */
struct day day_from_number(int64_t days);

#endif
