/*
 * idempotency.h - requests that are sent again: with the same Idempotency-Key and the same content
 * they get the first answer and have no second effect.
 *
 * The answer of a request with an effect is kept in the transaction of the effect (call_begin(),
 * call_commit_reply()), so after a crash at any moment there are both or neither. Only answers of
 * success are kept: what failed had no effect, and may be tried again under the same key.
 */
#ifndef TRAINYARD_API_IDEMPOTENCY_H
#define TRAINYARD_API_IDEMPOTENCY_H

#include "infra/base/digest.h"
#include "infra/base/error.h"

#include <jansson.h>

struct call;
struct pg;
struct turn;

enum { IDEMPOTENCY_KEY_MOST = 255, IDEMPOTENCY_WAIT_MS = 20000 };

/* What a call holds of it; zeroed: its request carries no key. */
struct idempotency {
    const char *key; /* NULL: none; owned by the request */
    char digest[DIGEST_BYTES];
    struct turn *turn;
    bool claimed; /* in the transaction that is open */
    bool kept;    /* the answer is */
    bool beaten;  /* another process was first: look again */
};

/*
 * Before the handler: reads the header of a POST, waits for equal requests, and replies with the
 * answer that is kept; *answered tells whether it did. ERROR_INVALID_REQUEST for a key that is
 * none; ERROR_CONFLICT when it stands for another request; ERROR_UNAVAILABLE.
 */
MUST_CHECK bool idempotency_begin(struct call *call, bool *answered, struct error *err);

/* In the call's transaction: takes the key. False with beaten set when another process was first.
 */
MUST_CHECK bool idempotency_claim(struct call *call, struct pg *db, struct error *err);

/* In the same transaction: keeps the reply. */
MUST_CHECK bool idempotency_keep(struct call *call, struct pg *db, struct error *err);

/* After the handler: keeps the reply of one that had no transaction, lets the next one in. */
void idempotency_end(struct call *call);

#endif
