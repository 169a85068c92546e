/*
 * client.h - requests to the REST API of a Trainyard, over libcurl.
 *
 * What may pass is tried again: 429 and 503 after Retry-After, a connection that breaks (a POST
 * carries an Idempotency-Key, so it has its effect once). One thread at a time.
 */
#ifndef TRAINYARD_API_CLI_CLIENT_H
#define TRAINYARD_API_CLI_CLIENT_H

#include "infra/base/buffer.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct client;

struct client_settings {
    const char *url;     /* such as http://127.0.0.1:8080; loopback is never behind a proxy */
    const char *key;     /* NULL or "": none, and then calls fail */
    const char *ca_file; /* certificates to trust beside the machine's; NULL or "": none */
};

/* Copies settings. NULL on failure: ERROR_INVALID_REQUEST for a URL that is none. */
MUST_CHECK struct client *client_new(const struct client_settings *settings, struct error *err);
void client_free(struct client *client);

/*
 * One request; body is JSON or NULL. *answer is the answer, owned by the caller; its text stays in
 * client_text() until the next request. On failure err has the API's code and message, and
 * client_refusal() the whole body; ERROR_UNAVAILABLE when there was no answer.
 */
MUST_CHECK bool client_call(struct client *client, const char *method, const char *path,
                            const char *body, json_t **answer, struct error *err);
const char *client_text(const struct client *client);

/* The body of the last refusal; NULL when there was none, or it was no JSON. Borrowed. */
const json_t *client_refusal(const struct client *client);

/* done of total bytes; total is 0 when it is not known. */
typedef void (*client_moved)(void *context, int64_t done, int64_t total);

/* PUTs size bytes of file to a signed URL, which needs no key. */
MUST_CHECK bool client_put(struct client *client, const char *url, FILE *file, int64_t size,
                           const char *content_type, client_moved moved, void *context,
                           struct error *err);

/* GETs a path, or a URL (which gets the key only if it is of the same server), into file. */
MUST_CHECK bool client_download(struct client *client, const char *where, FILE *file,
                                client_moved moved, void *context, struct error *err);

/* GETs a path and hands out what comes, as it comes; false from take ends it without failure. */
typedef bool (*client_take)(void *context, const char *data, size_t length);
MUST_CHECK bool client_stream(struct client *client, const char *path, client_take take,
                              void *context, struct error *err);

/* Builds paths: a part or a value is percent-encoded; the first query gets a "?". */
void client_path_add(struct buffer *path, const char *literal, const char *part);
void client_path_query(struct buffer *path, const char *name, const char *value);

#endif
