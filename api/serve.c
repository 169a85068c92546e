/* serve.c - see serve.h. */
#include "api/serve.h"

#include "api/call_private.h"
#include "api/error_body.h"
#include "api/services.h"
#include "api/traffic.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Admit ---------------------------------------------------------------------------------------*/

static bool check_key(struct call *call, struct error *err)
{
    struct credentials given = {.authorization = call_header(call, "Authorization"),
                                .api_key = call_header(call, "x-api-key"),
                                .address = call->address};
    struct refusal refusal;

    if (call->route->scope == SCOPE_NONE)
        return true;
    if (auth_check(call->services->keys, call->services->failed_keys, &given, call->route->scope,
                   &call->identity, &refusal, err))
        return true;
    if (refusal.reason != NULL)
        call->details = json_pack("{s:s}", "code", refusal.reason);
    call->retry_after_s = refusal.retry_after_s;
    if (err->code == ERROR_UNAUTHORIZED)
        call_reply_header(call, "WWW-Authenticate", "Bearer");
    return false;
}

static bool admit(struct call *call, struct error *err)
{
    unsigned flags = call->predict_port ? ROUTE_PREDICT : 0;
    char allow[ALLOW_BYTES];

    if (call->crowded)
        return error_set(err, ERROR_UNAVAILABLE, "too many connections; try again later");
    if (call->garbled)
        return error_set(err, ERROR_INVALID_REQUEST, "the query is not UTF-8");
    if (!path_read(&call->path, call->raw_path, err))
        return false;
    call->route = routes_find(call->method, &call->path, flags, allow, err);
    if (call->route == NULL) {
        if (err->code == ERROR_METHOD)
            call_reply_header(call, "Allow", allow);
        return false;
    }
    if (strcmp(call->services->config->roles, "predict") == 0 && call->route->scope != SCOPE_NONE &&
        (call->route->flags & ROUTE_PREDICT) == 0)
        return error_set(err, ERROR_NOT_FOUND, "this server answers predictions only");
    return check_key(call, err);
}

bool serve_admit(struct call *call)
{
    if (call->stage == CALL_NEW) {
        call->id = id_new("req");
        call->started_us = clock_monotonic_us();
        call->stage = admit(call, &call->refusal) ? CALL_ADMITTED : CALL_REFUSED;
    }
    return call->stage == CALL_ADMITTED;
}

/* Answer --------------------------------------------------------------------------------------*/

/* When to come again; where nothing is known of that, a wait that is long enough to help. */
static void add_retry_after(struct call *call, enum error_code code)
{
    int seconds = call->retry_after_s;
    char text[16];

    if (seconds == 0)
        seconds = code == ERROR_RATE_LIMIT ? 10 : 2;
    snprintf(text, sizeof text, "%d", seconds);
    call_reply_header(call, "Retry-After", text);
}

static void reply_error(struct call *call, const struct error *err)
{
    struct error nothing = {0};
    struct buffer body = {0};

    error_body_add(&body, err, call->id.text, call->details);
    if (body.failed || !call_reply_text(call, error_status(err->code), "application/json",
                                        body.data, body.length, &nothing))
        call->reply.status = 503; /* without a body: memory ran out */
    buffer_clear(&body);
    if (err->code == ERROR_RATE_LIMIT || error_status(err->code) == 503 || call->retry_after_s > 0)
        add_retry_after(call, err->code);
    if (error_status(err->code) >= 500 && !call->crowded)
        log_failure("request failed", err, log_str("request", call->id.text),
                    log_str("method", call->method), log_str("path", call->raw_path));
}

/* The handler's answer, or the one that an equal request got before. */
static bool answer(struct call *call, struct error *err)
{
    bool answered = false;

    if (!idempotency_begin(call, &answered, err))
        return false;
    if (answered && (call->route->flags & ROUTE_RESUMES) == 0)
        return true;
    if (call->route->handler(call, err))
        return true;
    if (!call->once.beaten)
        return false;
    call_release_db(call); /* and its transaction: another process has the answer now */
    return idempotency_begin(call, &answered, err) && answered;
}

static bool run(struct call *call, struct error *err)
{
    if (!serve_admit(call)) {
        *err = call->refusal;
        return false;
    }
    if (call->unwanted_file)
        return error_set(err, ERROR_INVALID_REQUEST,
                         "no file is taken here: send a JSON object; tables go to /uploads");
    if (call->too_large && call->multipart == NULL)
        return error_set(err, ERROR_TOO_LARGE,
                         "the body is larger than %d KiB: send less, or a table by POST /uploads",
                         call->services->config->max_body_kb);
    if (!answer(call, err))
        return false;
    return call->reply.status != 0 ||
           error_set(err, ERROR_INTERNAL, "the request could not be carried out");
}

/* What browsers ask before they let a page call. */
static void reply_options(struct call *call)
{
    call->reply.status = 204;
    call_reply_header(call, "Access-Control-Allow-Methods",
                      "OPTIONS,GET,PUT,POST,DELETE,PATCH,HEAD");
    call_reply_header(call, "Access-Control-Allow-Headers",
                      "Content-Type,X-Amz-Date,X-Api-Key,Authorization,auth,X-Amz-Security-Token,"
                      "Origin,Accept,X-Requested-With,Idempotency-Key,Prefer,Last-Event-ID");
    call_reply_header(call, "Access-Control-Max-Age", "86400");
}

static void add_common_headers(struct call *call)
{
    bool asks = strcmp(call->method, "OPTIONS") == 0;

    call_reply_header(call, "x-request-id", call->id.text);
    if (asks || call_header(call, "Origin") != NULL) {
        call_reply_header(call, "Access-Control-Allow-Origin", "*");
        call_reply_header(call, "Access-Control-Allow-Credentials", "true");
        call_reply_header(call, "Access-Control-Expose-Headers",
                          "x-api-key,authorization,content-type,x-request-id,retry-after,"
                          "idempotency-replayed");
    }
    if (call->last)
        call_reply_header(call, "Connection", "close");
}

static void note(struct call *call)
{
    int64_t taken_us = clock_monotonic_us() - call->started_us;

    traffic_count(call->services->traffic, call->route, call->reply.status, taken_us);
    if (call->predict_port) /* its rate is such that the log would cost more than the answer */
        return;
    log_info("request", log_str("method", call->method), log_str("path", call->raw_path),
             log_int("status", call->reply.status), log_double("ms", (double)taken_us / 1e3),
             log_str("request", call->id.text), log_str("account", call->identity.account));
}

void serve(struct call *call)
{
    struct error err = {0};

    if (strcmp(call->method, "OPTIONS") == 0 && call->stage == CALL_NEW) {
        call->id = id_new("req");
        call->started_us = clock_monotonic_us();
        reply_options(call);
    } else if (!run(call, &err)) {
        reply_error(call, &err);
    }
    idempotency_end(call);
    call_release_db(call);
    add_common_headers(call);
    note(call);
}
