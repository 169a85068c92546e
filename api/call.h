/*
 * call.h - one request and its answer.
 *
 * A handler decodes, calls, replies; what all routes share (key, scope, limits, connection, trace,
 * log line, error body) is done around it by adapter.c, the only file that knows ulfius. A handler
 * that returns false has its err turned into the reply. One call belongs to one thread.
 */
#ifndef TRAINYARD_API_CALL_H
#define TRAINYARD_API_CALL_H

#include "infra/base/digest.h"
#include "infra/base/error.h"
#include "infra/postgres/pg.h"
#include "schemas/fields.h"

#include <jansson.h>
#include <sys/types.h>

struct call;
struct services;

/* What routes need: the objects that main made, see services.h. */
struct services *call_services(struct call *call);

/* Who calls: the account and the key's id. Owned by the call. */
const char *call_account(const struct call *call);
const char *call_key(const struct call *call);
const char *call_request_id(const struct call *call);
const char *
call_traceparent(const struct call *call); /* never NULL: made if the client sent none */

/* Parts of the request, owned by the call; NULL when absent. Path parts are always there. */
const char *call_path(const struct call *call, const char *name);
const char *call_query(const struct call *call, const char *name);
const char *call_header(const struct call *call, const char *name);
const void *call_raw_body(const struct call *call, size_t *length);

/* A whole number of the query with limits: ERROR_INVALID_REQUEST naming them. */
MUST_CHECK bool call_query_int(const struct call *call, const char *name, int64_t least,
                               int64_t most, int64_t fallback, int64_t *value, struct error *err);

/* The body as JSON, parsed once, owned by the call. NULL on failure (ERROR_INVALID_REQUEST). */
MUST_CHECK const json_t *call_body(struct call *call, struct error *err);

/* The same where all fields may be left out: no body says as much as an empty object. */
MUST_CHECK const json_t *call_body_or_empty(struct call *call, struct error *err);

/* A field of a form (urlencoded, or a multipart part without a file name); NULL when absent. */
const char *call_form(const struct call *call, const char *name);

/* Adds the query and the fields of a form to a digest. Adapter. */
void call_add_parameters(const struct call *call, struct digest *digest);

/* Whether the reply is one that was given before, to an equal request: see idempotency.h. */
bool call_is_repeat(const struct call *call);
/* What was replied so far; owned by the call. NULL: nothing. */
const char *call_replied(const struct call *call);

/*
 * The files of a multipart body, NULL when it had none. Adapter: made and fed as multipart_upload.h
 * says, freed when the request is over.
 */
struct multipart_upload *call_multipart(struct call *call);

/* A session with the database, borrowed at first use; call_release_db() gives it back early. */
MUST_CHECK struct pg *call_db(struct call *call, struct error *err);
void call_release_db(struct call *call);

/*
 * The transaction in which a request has its effect, and the answer that belongs to it: both come
 * to be, or neither. call_begin() begins it on the call's session; NULL on failure.
 * call_commit_reply() commits and replies; body is taken, and kept for requests that come again.
 * What is neither is rolled back when the session is given back.
 */
MUST_CHECK struct pg *call_begin(struct call *call, struct error *err);
MUST_CHECK bool call_commit_reply(struct call *call, int status, json_t *body, struct error *err);

/* fields_end(), with all problems put into the reply's error.details. Clears fields either way. */
MUST_CHECK bool call_fields_end(struct call *call, struct fields *fields, struct error *err);

/* Counts predictions that were made, as used by the key. */
void call_count_predictions(struct call *call, int64_t count);

/* With the error that follows: after how many seconds the client may come again. */
void call_retry_after(struct call *call, int seconds);

/* Replies. body is taken, NULL is a failure it reports (ERROR_NO_MEMORY). */
MUST_CHECK bool call_reply_take(struct call *call, int status, json_t *body, struct error *err);
MUST_CHECK bool call_reply_text(struct call *call, int status, const char *content_type,
                                const char *text, size_t length, struct error *err);
void call_reply_header(struct call *call, const char *name, const char *value);

/*
 * Replies with a stream: next fills up to most bytes and returns how many, 0 for "later" after a
 * wait of its own, -1 at the end; finish frees context, also when this call fails. Main port only:
 * next may wait. (main calls log_hub_stop() before it stops the listeners, so that streams end.)
 */
MUST_CHECK bool call_reply_stream(struct call *call, const char *content_type,
                                  ssize_t (*next)(void *context, char *bytes, size_t most),
                                  void (*finish)(void *context), void *context, struct error *err);

/* Says how many bytes the stream of the reply has, to be told before it begins. */
void call_reply_length(struct call *call, uint64_t bytes);

#endif
