/*
 * web_url.h - what of a URL can be told without asking anybody.
 *
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_INFRA_BASE_WEB_URL_H
#define TRAINYARD_INFRA_BASE_WEB_URL_H

#include <stdbool.h>

enum { WEB_URL_BYTES = 1024, WEB_URL_NAME_BYTES = 128 };

/* Whether a text is meant as a URL, of whatever scheme. */
bool web_url_is(const char *text);

/* What is wrong with a URL of a table, for its sender; NULL if nothing is: http or https, a host,
 * no user or password, plain characters. */
const char *web_url_problem(const char *url);

/* The last part of its path, whose ending tells a file's format; "data" where it has none. */
void web_url_filename(const char *url, char name[static WEB_URL_NAME_BYTES]);

#endif
