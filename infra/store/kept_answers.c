/* kept_answers.c - see kept_answers.h. */
#include "infra/store/kept_answers.h"

enum { FIND, CLAIM, SET, ADD, PRUNE };

static const char *const SQL[] = {
    [FIND] = "select digest, status, content_type, body from idempotency"
             " where account = $1 and key = $2 and created_at > now() - interval '24 hours'",
    /* what is too old is as good as gone */
    [CLAIM] = "insert into idempotency (account, key, digest, status, content_type, body)"
              "values ($1, $2, $3, 0, '', '')"
              "on conflict (account, key) do update set digest = excluded.digest,"
              "  created_at = now() where idempotency.created_at <= now() - interval '24 hours'",
    [SET] = "update idempotency set status = $3::int, content_type = $4, body = $5"
            " where account = $1 and key = $2",
    [ADD] = "insert into idempotency (account, key, digest, status, content_type, body)"
            "values ($1, $2, $3, $4::int, $5, $6) on conflict (account, key) do update set"
            "  digest = excluded.digest, status = excluded.status, body = excluded.body,"
            "  content_type = excluded.content_type, created_at = now()"
            "  where idempotency.created_at <= now() - interval '24 hours'",
    [PRUNE] = "delete from idempotency where (account, key) in ("
              "  select account, key from idempotency"
              "   where created_at <= now() - interval '24 hours'"
              "   order by created_at limit $1::int for update skip locked)",
};
const struct pg_sql kept_answers_sql = PG_SQL(SQL);

bool kept_answers_find(struct pg *db, const char *account, const char *key,
                       struct kept_answer *answer, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[FIND], PG_VALUES(account, key), err);

    *answer = (struct kept_answer){0};
    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        pg_rows_free(rows);
        return true;
    }
    *answer = (struct kept_answer){.digest = pg_text(rows, 0, 0),
                                   .status = (int)pg_int(rows, 0, 1),
                                   .content_type = pg_text(rows, 0, 2),
                                   .body = pg_text(rows, 0, 3),
                                   .rows = rows};
    return true;
}

void kept_answer_clear(struct kept_answer *answer)
{
    pg_rows_free(answer->rows);
    *answer = (struct kept_answer){0};
}

bool kept_answers_claim(struct pg *db, const char *account, const char *key, const char *digest,
                        bool *first, struct error *err)
{
    size_t changed = 0;
    bool ok = pg_exec_count(db, SQL[CLAIM], PG_VALUES(account, key, digest), &changed, err);

    *first = changed > 0;
    return ok;
}

bool kept_answers_set(struct pg *db, const char *account, const char *key,
                      const struct kept_answer *answer, struct error *err)
{
    return pg_exec(
        db, SQL[SET],
        PG_VALUES(account, key, pg_number(answer->status).text, answer->content_type, answer->body),
        err);
}

bool kept_answers_add(struct pg *db, const char *account, const char *key,
                      const struct kept_answer *answer, struct error *err)
{
    return pg_exec(db, SQL[ADD],
                   PG_VALUES(account, key, answer->digest, pg_number(answer->status).text,
                             answer->content_type, answer->body),
                   err);
}

bool kept_answers_prune(struct pg *db, int most, size_t *deleted, struct error *err)
{
    return pg_exec_count(db, SQL[PRUNE], PG_VALUES(pg_number(most).text), deleted, err);
}
