/*
 * pages.h - files of api/pages, and schemas/openapi.yaml as JSON, put into the program by
 * cmake/embed.py.
 */
#ifndef TRAINYARD_API_PAGES_H
#define TRAINYARD_API_PAGES_H

#include <stddef.h>

extern const char page_openapi[], page_html[], page_css[], page_js[];
extern const size_t page_openapi_length, page_html_length, page_css_length, page_js_length;

#endif
