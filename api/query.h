/*
 * query.h - what lists have in common: which page of what, in which order. Pure; any thread.
 */
#ifndef TRAINYARD_API_QUERY_H
#define TRAINYARD_API_QUERY_H

#include "api/call.h"

enum { PAGE_DEFAULT = 20, PAGE_MOST = 100 };

/* A query parameter that is one of words (ended by NULL), the first when it is not given.
 * ERROR_INVALID_REQUEST lists them. */
MUST_CHECK bool query_word(const struct call *call, const char *name, const char *const *words,
                           const char **word, struct error *err);

/* The same, NULL when it is not given. */
MUST_CHECK bool query_word_or_none(const struct call *call, const char *name,
                                   const char *const *words, const char **word, struct error *err);

/* limit and offset. */
MUST_CHECK bool query_page(const struct call *call, int *limit, int *offset, struct error *err);

/*
 * A time to wait, such as 60, 60s, 500ms or 2m; 0 when it is not given. ERROR_INVALID_REQUEST when
 * it is none, or longer than most_s seconds.
 */
MUST_CHECK bool query_wait(const struct call *call, const char *name, int most_s, int64_t *wait_ms,
                           struct error *err);
/* The same of a text. */
bool wait_read(const char *text, int64_t *wait_ms);

/* {NAME: items, pagination: {total, limit, offset, has_more}}; takes items. */
json_t *page_json_take(const char *name, json_t *items, int64_t total, int limit, int offset);

#endif
