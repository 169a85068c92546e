/*
 * kept_answers.h - the first answers to requests that carry an Idempotency-Key, for 24 hours.
 *
 * Every function uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_KEPT_ANSWERS_H
#define TRAINYARD_INFRA_STORE_KEPT_ANSWERS_H

#include "infra/postgres/pg.h"

extern const struct pg_sql kept_answers_sql;

/* Points into rows, which the struct owns; clear with kept_answer_clear(). */
struct kept_answer {
    const char *digest; /* of the request */
    int status;
    const char *content_type;
    const char *body;
    struct pg_rows *rows; /* NULL: there is none */
};

/* The answer that an account's key stands for; answer->rows is NULL when there is none. */
MUST_CHECK bool kept_answers_find(struct pg *db, const char *account, const char *key,
                                  struct kept_answer *answer, struct error *err);
void kept_answer_clear(struct kept_answer *answer);

/*
 * Takes the key for the transaction that is open; *first is false when somebody else has it. Waits
 * for a transaction that holds it. Without kept_answers_set() it must not be committed.
 */
MUST_CHECK bool kept_answers_claim(struct pg *db, const char *account, const char *key,
                                   const char *digest, bool *first, struct error *err);

/* Gives a key that was claimed its answer. */
MUST_CHECK bool kept_answers_set(struct pg *db, const char *account, const char *key,
                                 const struct kept_answer *answer, struct error *err);

/* Claims and sets in one statement, outside of a transaction; an answer that is there stays. */
MUST_CHECK bool kept_answers_add(struct pg *db, const char *account, const char *key,
                                 const struct kept_answer *answer, struct error *err);

/* Deletes up to most answers that are too old; *deleted counts them. */
MUST_CHECK bool kept_answers_prune(struct pg *db, int most, size_t *deleted, struct error *err);

#endif
