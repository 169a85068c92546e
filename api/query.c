/* query.c - see query.h. */
#include "api/query.h"

#include "infra/base/nearest.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse_word(const char *name, const char *word, const char *const *words,
                        struct error *err)
{
    const char *near = nearest_word(word, words, SIZE_MAX);
    char list[160];
    size_t used = 0;

    list[0] = '\0';
    for (size_t at = 0; words[at] != NULL && used < sizeof list; at++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", at == 0 ? "" : ", ",
                                 words[at]);
    return error_set(err, ERROR_INVALID_REQUEST, "%s must be one of %s%s%s%s", name, list,
                     near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                     near == NULL ? "" : "?");
}

bool query_word_or_none(const struct call *call, const char *name, const char *const *words,
                        const char **word, struct error *err)
{
    *word = call_query(call, name);
    if (*word == NULL)
        return true;
    for (size_t at = 0; words[at] != NULL; at++)
        if (strcmp(words[at], *word) == 0)
            return true;
    return refuse_word(name, *word, words, err);
}

bool query_word(const struct call *call, const char *name, const char *const *words,
                const char **word, struct error *err)
{
    if (!query_word_or_none(call, name, words, word, err))
        return false;
    if (*word == NULL)
        *word = words[0];
    return true;
}

bool query_page(const struct call *call, int *limit, int *offset, struct error *err)
{
    int64_t most;
    int64_t from;

    if (!call_query_int(call, "limit", 1, PAGE_MOST, PAGE_DEFAULT, &most, err) ||
        !call_query_int(call, "offset", 0, INT32_MAX, 0, &from, err))
        return false;
    *limit = (int)most;
    *offset = (int)from;
    return true;
}

bool wait_read(const char *text, int64_t *wait_ms)
{
    static const struct {
        const char *unit;
        int ms;
    } UNITS[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}};
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 9)
        return false;
    for (size_t at = 0; at < sizeof UNITS / sizeof *UNITS; at++) {
        if (strcmp(UNITS[at].unit, text + digits) != 0)
            continue;
        *wait_ms = strtoll(text, NULL, 10) * UNITS[at].ms;
        return true;
    }
    return false;
}

bool query_wait(const struct call *call, const char *name, int most_s, int64_t *wait_ms,
                struct error *err)
{
    const char *text = call_query(call, name);

    *wait_ms = 0;
    if (text == NULL || (wait_read(text, wait_ms) && *wait_ms <= (int64_t)most_s * 1000))
        return true;
    return error_set(err, ERROR_INVALID_REQUEST,
                     "%s must be a time of at most %d s, such as 60s, 500ms or 2m", name, most_s);
}

json_t *page_json_take(const char *name, json_t *items, int64_t total, int limit, int offset)
{
    bool has_more = offset + (int64_t)json_array_size(items) < total;

    return json_pack("{s:o, s:{s:I, s:i, s:i, s:b}}", name, items, "pagination", "total",
                     (json_int_t)total, "limit", limit, "offset", offset, "has_more", has_more);
}
