/* idempotency.c - see idempotency.h. */
#include "api/idempotency.h"

#include "api/call_private.h"
#include "api/multipart_upload.h"
#include "api/services.h"
#include "api/turns.h"
#include "infra/base/log.h"
#include "infra/store/kept_answers.h"

#include <stdio.h>
#include <string.h>

enum { PREDICT_WAIT_MS = 2000 /* the predict port's few threads must not wait long */ };

/* The request -----------------------------------------------------------------------------------*/

static bool is_key(const char *text)
{
    size_t length = strlen(text);

    for (size_t at = 0; at < length; at++)
        if (text[at] <= ' ' || text[at] > '~')
            return false;
    return length > 0 && length <= IDEMPOTENCY_KEY_MOST;
}

static void add_text(struct digest *digest, const char *text)
{
    digest_add(digest, text, strlen(text) + 1);
}

/* Files are known by their own digests. */
static bool add_files(struct digest *digest, struct multipart_upload *files, struct error *err)
{
    if (files == NULL)
        return true;
    if (!multipart_upload_end(files, err))
        return false;
    for (size_t at = 0; at < multipart_upload_count(files); at++) {
        add_text(digest, multipart_upload_file(files, at)->filename);
        add_text(digest, multipart_upload_file(files, at)->digest);
    }
    return true;
}

/* What makes two requests the same: method, path with its dialect, query, and content. */
static bool digest_request(struct call *call, struct error *err)
{
    struct digest digest;
    const void *body;
    size_t length = 0;

    digest_init(&digest);
    add_text(&digest, call->method);
    digest_add(&digest, &call->path.dialect, sizeof call->path.dialect);
    for (size_t at = 0; at < call->path.count; at++)
        add_text(&digest, call->path.parts[at]);
    call_add_parameters(call, &digest);
    body = call_raw_body(call, &length);
    if (call->multipart == NULL && body != NULL)
        digest_add(&digest, body, length);
    if (!add_files(&digest, call->multipart, err))
        return false;
    digest_end(&digest, call->once.digest);
    return true;
}

/* Answers ---------------------------------------------------------------------------------------*/

static bool reply_kept(struct call *call, const struct kept_answer *answer, struct error *err)
{
    if (strcmp(answer->digest, call->once.digest) != 0)
        return error_set(err, ERROR_CONFLICT,
                         "this Idempotency-Key was used for another request: use a new key for a "
                         "new request");
    call->once.kept = true;
    call_reply_header(call, "Idempotency-Replayed", "true");
    return call_reply_text(call, answer->status, "application/json", answer->body,
                           strlen(answer->body), err);
}

static bool look(struct call *call, bool *answered, struct error *err)
{
    struct kept_answer answer = {0};
    struct pg *db = call_db(call, err);
    bool ok =
        db != NULL && kept_answers_find(db, call->identity.account, call->once.key, &answer, err);

    call_release_db(call);
    *answered = ok && answer.rows != NULL;
    if (*answered)
        ok = reply_kept(call, &answer, err);
    kept_answer_clear(&answer);
    return ok;
}

bool idempotency_begin(struct call *call, bool *answered, struct error *err)
{
    const char *key =
        strcmp(call->method, "POST") == 0 ? call_header(call, "Idempotency-Key") : NULL;

    *answered = false;
    if (key == NULL || call->route->scope == SCOPE_NONE)
        return true;
    if (!is_key(key))
        return error_set(err, ERROR_INVALID_REQUEST,
                         "Idempotency-Key must have 1 to %d printable ASCII characters, no blanks",
                         IDEMPOTENCY_KEY_MOST);
    call->once.key = key;
    if (call->once.turn == NULL) {
        if (!digest_request(call, err))
            return false;
        call->once.turn =
            turns_begin(call->services->turns, call->identity.account, key,
                        call->predict_port ? PREDICT_WAIT_MS : IDEMPOTENCY_WAIT_MS, err);
    }
    return call->once.turn != NULL && look(call, answered, err);
}

/* In the transaction ----------------------------------------------------------------------------*/

bool idempotency_claim(struct call *call, struct pg *db, struct error *err)
{
    struct idempotency *once = &call->once;

    if (once->key == NULL)
        return true;
    if (!kept_answers_claim(db, call->identity.account, once->key, once->digest, &once->claimed,
                            err))
        return false;
    once->beaten = !once->claimed;
    return once->claimed ||
           error_set(err, ERROR_UNAVAILABLE,
                     "a request with this Idempotency-Key is being answered: send it again");
}

static struct kept_answer answer_of(const struct call *call)
{
    return (struct kept_answer){.digest = call->once.digest,
                                .status = call->reply.status,
                                .content_type = call->reply.content_type,
                                .body = call->reply.body};
}

bool idempotency_keep(struct call *call, struct pg *db, struct error *err)
{
    struct kept_answer answer = answer_of(call);

    if (!call->once.claimed)
        return true;
    call->once.kept = kept_answers_set(db, call->identity.account, call->once.key, &answer, err);
    return call->once.kept;
}

/* The answer of a handler that had no effect, or one that is the same when it is repeated. */
static void keep_late(struct call *call)
{
    struct kept_answer answer = answer_of(call);
    struct error err = {0};
    struct pg *db = call_db(call, &err);

    call->once.kept =
        db != NULL && kept_answers_add(db, call->identity.account, call->once.key, &answer, &err);
    if (!call->once.kept)
        log_failure("the answer to an Idempotency-Key could not be kept", &err,
                    log_str("request", call->id.text));
}

void idempotency_end(struct call *call)
{
    if (call->once.turn == NULL)
        return;
    if (!call->once.kept && call->reply.status == 200 && call->reply.body != NULL)
        keep_late(call);
    turns_end(call->services->turns, call->once.turn, call->once.kept);
    call->once.turn = NULL;
}
