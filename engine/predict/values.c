/* values.c - see values.h. */
#include "engine/predict/values.h"

#include "engine/predict/predictor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_SIZE = 64 }; /* longer texts are no numbers */

struct word {
    const char *text;
    double number;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void trim(const char **text, size_t *length)
{
    while (*length > 0 && is_blank(**text)) {
        (*text)++;
        (*length)--;
    }
    while (*length > 0 && is_blank((*text)[*length - 1]))
        (*length)--;
}

bool text_is_missing(const char *text, size_t length)
{
    static const char *const WORDS[] = {"NA",   "N/A",  "NaN",  "nan", "NAN", "null",
                                        "NULL", "#N/A", "<NA>", "n/a", "?"};

    trim(&text, &length);
    if (length == 0)
        return true;
    if (length > 4)
        return false;
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (strlen(WORDS[i]) == length && memcmp(WORDS[i], text, length) == 0)
            return true;
    return false;
}

bool text_number(const char *text, size_t length, double *number)
{
    char copy[NUMBER_SIZE];
    char *end;

    trim(&text, &length);
    if (length == 0 || length >= sizeof copy)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_digit(text[i]) && strchr("+-.eE", text[i]) == NULL)
            return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *number = strtod(copy, &end);
    return end == copy + length && isfinite(*number);
}

bool text_boolean(const char *text, size_t length, double *number)
{
    static const struct word WORDS[] = {{"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0}, {"t", 1},
                                        {"f", 0},    {"y", 1},     {"n", 0},   {"1", 1},  {"0", 0}};

    trim(&text, &length);
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        if (strlen(WORDS[i].text) == length && strncasecmp(WORDS[i].text, text, length) == 0) {
            *number = WORDS[i].number;
            return true;
        }
    }
    return false;
}

/* Days since 1970-01-01 (H. Hinnant's days_from_civil). */
static int64_t number_from_day(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

struct day day_from_number(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
    int64_t weekday = (days + 3) % 7;

    return (struct day){.year = (int)year,
                        .month = (int)month,
                        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
                        .weekday = (int)(weekday < 0 ? weekday + 7 : weekday),
                        .yearday = (int)(days - number_from_day(year, 1, 1) + 1)};
}

/* A cursor over a text; every take_ moves it on, or leaves it and fails. */
struct cursor {
    const char *at;
    const char *end;
};

static bool take_digits(struct cursor *cursor, int least, int most, int *number)
{
    int digits = 0;

    *number = 0;
    while (digits < most && cursor->at < cursor->end && is_digit(*cursor->at)) {
        *number = *number * 10 + (*cursor->at++ - '0');
        digits++;
    }
    return digits >= least;
}

static bool take_char(struct cursor *cursor, char c)
{
    if (cursor->at >= cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static bool take_day(struct cursor *cursor, double *seconds)
{
    int year;
    int month;
    int day;
    char separator;
    int64_t number;

    if (!take_digits(cursor, 4, 4, &year) || cursor->at >= cursor->end)
        return false;
    separator = *cursor->at;
    if ((separator != '-' && separator != '/') || !take_char(cursor, separator) ||
        !take_digits(cursor, 1, 2, &month) || !take_char(cursor, separator) ||
        !take_digits(cursor, 1, 2, &day) || month < 1 || month > 12 || day < 1)
        return false;
    number = number_from_day(year, month, day);
    if (day_from_number(number).day != day)
        return false;
    *seconds = (double)number * 86400.0;
    return true;
}

static bool take_time(struct cursor *cursor, double *seconds)
{
    int hour;
    int minute;
    int second = 0;
    double fraction = 0;

    if (!take_digits(cursor, 1, 2, &hour) || !take_char(cursor, ':') ||
        !take_digits(cursor, 2, 2, &minute) || hour > 24 || minute > 59)
        return false;
    if (take_char(cursor, ':') && (!take_digits(cursor, 2, 2, &second) || second > 60))
        return false;
    if (take_char(cursor, '.') || take_char(cursor, ',')) {
        double scale = 0.1;

        while (cursor->at < cursor->end && is_digit(*cursor->at)) {
            fraction += (*cursor->at++ - '0') * scale;
            scale /= 10;
        }
    }
    *seconds += hour * 3600 + minute * 60 + second + fraction;
    return true;
}

static bool take_zone(struct cursor *cursor, double *seconds)
{
    int hour;
    int minute = 0;
    int sign;

    while (take_char(cursor, ' '))
        continue;
    if (cursor->at == cursor->end || take_char(cursor, 'Z'))
        return true;
    sign = take_char(cursor, '+') ? 1 : take_char(cursor, '-') ? -1 : 0;
    if (sign == 0 || !take_digits(cursor, 2, 2, &hour))
        return false;
    take_char(cursor, ':');
    if (cursor->at < cursor->end && !take_digits(cursor, 2, 2, &minute))
        return false;
    *seconds -= sign * (hour * 3600 + minute * 60);
    return true;
}

bool text_date(const char *text, size_t length, double *seconds)
{
    struct cursor cursor;

    trim(&text, &length);
    cursor = (struct cursor){text, text + length};
    if (!take_day(&cursor, seconds))
        return false;
    if (cursor.at == cursor.end)
        return true;
    if (!take_char(&cursor, 'T') && !take_char(&cursor, ' '))
        return false;
    return take_time(&cursor, seconds) && take_zone(&cursor, seconds) && cursor.at == cursor.end;
}

const char *field_type_wanted(enum field_type type)
{
    static const char *const WANTED[] = {
        [FIELD_FLOAT] = "a number",
        [FIELD_INTEGER] = "a whole number",
        [FIELD_BOOLEAN] = "true or false",
        [FIELD_STRING] = "a string",
        [FIELD_DATE] = "a date such as 2024-02-29",
    };

    return WANTED[type];
}
