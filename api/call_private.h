/*
 * call_private.h - the insides of a call, for the adapter, serve.c and call.c.
 */
#ifndef TRAINYARD_API_CALL_PRIVATE_H
#define TRAINYARD_API_CALL_PRIVATE_H

#include "api/auth.h"
#include "api/call.h"
#include "api/idempotency.h"
#include "api/routes.h"
#include "infra/base/ids.h"

enum { REPLY_HEADERS_MOST = 12, REPLY_HEADER_BYTES = 256, TRACEPARENT_BYTES = 56 };

/* What is answered; status 0: nothing yet. */
struct reply {
    int status;
    const char *content_type; /* a literal */
    char *body;               /* on the heap; the adapter takes it */
    size_t length;
    ssize_t (*next)(void *context, char *bytes, size_t most); /* NULL: no stream */
    void (*finish)(void *context);
    void *context;
    uint64_t stream_bytes; /* 0: not known before its end */
    size_t headers_count;
    struct {
        const char *name; /* a literal */
        char value[REPLY_HEADER_BYTES];
    } headers[REPLY_HEADERS_MOST];
};

enum call_stage { CALL_NEW, CALL_ADMITTED, CALL_REFUSED };

struct call {
    /* set by the adapter */
    struct services *services;
    const void *request; /* what the adapter reads from */
    const char *method;
    const char *raw_path;
    const struct sockaddr *address; /* of the client; NULL: not known */
    bool predict_port;
    bool too_large;     /* the body was cut */
    bool unwanted_file; /* one came to a route that takes none */
    bool garbled;       /* the query is not UTF-8 */
    bool crowded;       /* the port has more connections than it may */
    bool last;          /* the connection is closed after this call */
    struct multipart_upload *multipart;

    /* set by serve_admit() */
    enum call_stage stage;
    struct error refusal; /* of a call that was refused */
    const struct route *route;
    struct id id;
    int64_t started_us;
    struct identity identity;

    struct idempotency once; /* of a request with an Idempotency-Key */

    /* set by the handler's calls */
    struct pg *db;
    bool in_transaction; /* of db */
    json_t *body;
    json_t *details;
    char traceparent[TRACEPARENT_BYTES];
    int retry_after_s; /* with an error; 0: not said */

    /* not cleared by call_init() */
    struct path path;
    struct reply reply;
};

/* Fills a call that the adapter holds. Every call_init() is followed by one call_clear(). */
void call_init(struct call *call, struct services *services, const void *request);

/* Frees what the call owns: a reply that nobody took, the session, the body. */
void call_clear(struct call *call);

#endif
