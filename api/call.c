/* call.c - what of call.h does not depend on the library that speaks HTTP; the rest: adapter.c. */
#include "api/call_private.h"

#include "api/key_meter.h"
#include "api/multipart_upload.h"
#include "api/services.h"
#include "infra/postgres/pool.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void call_init(struct call *call, struct services *services, const void *request)
{
    memset(call, 0, offsetof(struct call, path));
    memset(&call->reply, 0, offsetof(struct reply, headers));
    call->path.count = 0;
    call->path.dialect = DIALECT_TODAY;
    call->services = services;
    call->request = request;
}

static void drop_reply(struct reply *reply)
{
    free(reply->body);
    if (reply->finish != NULL)
        reply->finish(reply->context);
    reply->status = 0;
    reply->body = NULL;
    reply->next = NULL;
    reply->finish = NULL;
    reply->stream_bytes = 0;
}

void call_clear(struct call *call)
{
    drop_reply(&call->reply);
    call_release_db(call);
    json_decref(call->body);
    json_decref(call->details);
    multipart_upload_free(call->multipart);
    call->body = NULL;
    call->details = NULL;
    call->multipart = NULL;
}

struct services *call_services(struct call *call)
{
    return call->services;
}

const char *call_account(const struct call *call)
{
    return call->identity.account;
}

const char *call_key(const struct call *call)
{
    return call->identity.key;
}

const char *call_request_id(const struct call *call)
{
    return call->id.text;
}

/* Whether text is version-trace-parent-flags in hexadecimal digits, and neither id is zero. */
static bool is_traceparent(const char *text)
{
    static const char FORM[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

    if (strlen(text) != sizeof FORM - 1)
        return false;
    for (size_t at = 0; at < sizeof FORM - 1; at++)
        if (FORM[at] == 'x' ? strchr("0123456789abcdef", text[at]) == NULL : text[at] != FORM[at])
            return false;
    return strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
}

static void make_traceparent(char text[static TRACEPARENT_BYTES])
{
    unsigned char bytes[24];
    size_t used;

    random_bytes(bytes, sizeof bytes);
    bytes[0] |= 1; /* an id of zeros only means none */
    bytes[16] |= 1;
    used = (size_t)snprintf(text, TRACEPARENT_BYTES, "00-");
    for (size_t at = 0; at < sizeof bytes; at++)
        used += (size_t)snprintf(text + used, TRACEPARENT_BYTES - used, "%s%02x",
                                 at == 16 ? "-" : "", bytes[at]);
    snprintf(text + used, TRACEPARENT_BYTES - used, "-01");
}

const char *call_traceparent(const struct call *call)
{
    char *text = ((struct call *)call)->traceparent; /* made when first asked for */
    const char *given;

    if (*text != '\0')
        return text;
    given = call_header(call, "traceparent");
    if (given != NULL && is_traceparent(given))
        memcpy(text, given, strlen(given) + 1);
    else
        make_traceparent(text);
    return text;
}

const char *call_path(const struct call *call, const char *name)
{
    return route_part(call->route, &call->path, name);
}

bool call_query_int(const struct call *call, const char *name, int64_t least, int64_t most,
                    int64_t fallback, int64_t *value, struct error *err)
{
    const char *text = call_query(call, name);
    char *end;

    *value = fallback;
    if (text == NULL)
        return true;
    *value = strtoll(text, &end, 10);
    if (*text == '\0' || strchr(" \t\n\v\f\r+", *text) != NULL || *end != '\0' || *value < least ||
        *value > most)
        return error_set(err, ERROR_INVALID_REQUEST, "%s must be a whole number from %lld to %lld",
                         name, (long long)least, (long long)most);
    return true;
}

const json_t *call_body(struct call *call, struct error *err)
{
    size_t length = 0;
    const void *text = call_raw_body(call, &length);

    if (call->body != NULL)
        return call->body;
    if (text == NULL || length == 0) {
        error_set(err, ERROR_INVALID_REQUEST, "the body is empty: send a JSON object");
        return NULL;
    }
    call->body = json_parse(text, length, err);
    return call->body;
}

const json_t *call_body_or_empty(struct call *call, struct error *err)
{
    size_t length = 0;

    call_raw_body(call, &length);
    if (length > 0 || call->body != NULL)
        return call_body(call, err);
    call->body = json_object();
    if (call->body == NULL)
        error_no_memory(err);
    return call->body;
}

struct multipart_upload *call_multipart(struct call *call)
{
    return call->multipart;
}

struct pg *call_db(struct call *call, struct error *err)
{
    if (call->db == NULL)
        call->db = pg_pool_borrow(call->services->db, err);
    return call->db;
}

void call_release_db(struct call *call)
{
    if (call->in_transaction)
        pg_rollback(call->db);
    if (call->db != NULL)
        pg_pool_return(call->services->db, call->db);
    call->in_transaction = false;
    call->db = NULL;
}

struct pg *call_begin(struct call *call, struct error *err)
{
    struct pg *db = call_db(call, err);

    call->in_transaction = db != NULL && pg_begin(db, err);
    return call->in_transaction && idempotency_claim(call, db, err) ? db : NULL;
}

bool call_commit_reply(struct call *call, int status, json_t *body, struct error *err)
{
    if (!call_reply_take(call, status, body, err))
        return false;
    if (!idempotency_keep(call, call->db, err)) {
        drop_reply(&call->reply);
        return false;
    }
    call->in_transaction = false; /* also a commit that fails ends it */
    if (pg_commit(call->db, err))
        return true;
    call->once.kept = false;
    drop_reply(&call->reply);
    return false;
}

bool call_is_repeat(const struct call *call)
{
    return call->once.kept && call->reply.status != 0;
}

const char *call_replied(const struct call *call)
{
    return call->reply.body;
}

void call_count_predictions(struct call *call, int64_t count)
{
    if (call->identity.meter != NULL)
        key_meter_count(call->identity.meter, 0, count);
}

void call_retry_after(struct call *call, int seconds)
{
    call->retry_after_s = seconds;
}

bool call_fields_end(struct call *call, struct fields *fields, struct error *err)
{
    bool ok = fields_end(fields, err);

    json_decref(call->details);
    call->details = fields_take_problems(fields);
    fields_clear(fields);
    return ok;
}

bool call_reply_take(struct call *call, int status, json_t *body, struct error *err)
{
    char *text;

    dialect_speak(call->path.dialect, body);
    text = body == NULL ? NULL : json_text(body, err);
    json_decref(body);
    if (text == NULL)
        return error_no_memory(err);
    drop_reply(&call->reply);
    call->reply.status = status;
    call->reply.content_type = "application/json";
    call->reply.body = text;
    call->reply.length = strlen(text);
    return true;
}

bool call_reply_text(struct call *call, int status, const char *content_type, const char *text,
                     size_t length, struct error *err)
{
    char *copy = malloc(length + 1);

    if (copy == NULL)
        return error_no_memory(err);
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    drop_reply(&call->reply);
    call->reply.status = status;
    call->reply.content_type = content_type;
    call->reply.body = copy;
    call->reply.length = length;
    return true;
}

void call_reply_header(struct call *call, const char *name, const char *value)
{
    struct reply *reply = &call->reply;

    if (reply->headers_count == REPLY_HEADERS_MOST)
        return;
    reply->headers[reply->headers_count].name = name;
    snprintf(reply->headers[reply->headers_count].value, REPLY_HEADER_BYTES, "%s", value);
    reply->headers_count++;
}

bool call_reply_stream(struct call *call, const char *content_type,
                       ssize_t (*next)(void *context, char *bytes, size_t most),
                       void (*finish)(void *context), void *context, struct error *err)
{
    if (call->predict_port) { /* its few threads must not wait */
        finish(context);
        return error_set(err, ERROR_INTERNAL, "the request could not be carried out");
    }
    drop_reply(&call->reply);
    call->reply.status = 200;
    call->reply.content_type = content_type;
    call->reply.next = next;
    call->reply.finish = finish;
    call->reply.context = context;
    return true;
}

void call_reply_length(struct call *call, uint64_t bytes)
{
    call->reply.stream_bytes = bytes;
}
