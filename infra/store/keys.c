/* keys.c - see keys.h. */
#include "infra/store/keys.h"

#include "infra/base/digest.h"

#include <stdio.h>
#include <string.h>

enum { CREATE, FIND, CHANGED, COUNT_USE, PRUNE_USE };

enum { RANDOM = 32, SHOWN = 4 };

#define KEY_PREFIX "plx_sk_"
#define KEY_COLUMNS                                                                                \
    "k.id, k.account, k.hash, k.permission = 'read_write', k.status = 'revoked', "                 \
    "(extract(epoch from k.expires_at) * 1000)::bigint, a.plan, k.changed_at"
#define KEY_TABLES "keys k join accounts a on a.id = k.account"

static const char *const SQL[] = {
    [CREATE] = "insert into keys (id, account, name, hash, prefix, suffix, permission, created_by,"
               "                  expires_at)"
               "values ($1, $2, $3, $4, $5, $6, $7, $8,"
               "        case when $9::int > 0 then now() + make_interval(days => $9::int) end)",
    [FIND] = "select " KEY_COLUMNS " from " KEY_TABLES " where k.hash = $1",
    /* further back: a change may become visible after a later one, as long as its transaction took
     */
    [CHANGED] = "select " KEY_COLUMNS " from " KEY_TABLES
                " where k.changed_at > $1::timestamptz - interval '30 s' order by k.changed_at",
    /* all in the order of ids: several processes may do it at once */
    [COUNT_USE] = "with used as (select * from unnest($1::text[], $2::bigint[], $3::bigint[])"
                  "  u (key_id, requests, predictions)),"
                  "locked as (select k.id from keys k join used u on u.key_id = k.id"
                  "  order by k.id for no key update of k),"
                  "noted as (update keys k set last_used_at = now() from locked l"
                  "  where k.id = l.id returning k.id)"
                  "insert into key_usage (key_id, hour, requests, predictions)"
                  "  select n.id, date_trunc('hour', now()), u.requests, u.predictions"
                  "    from noted n join used u on u.key_id = n.id order by n.id "
                  "on conflict (key_id, hour) do update set"
                  "  requests = key_usage.requests + excluded.requests,"
                  "  predictions = key_usage.predictions + excluded.predictions",
    [PRUNE_USE] = "delete from key_usage where hour < now() - interval '31 days'",
};
const struct pg_sql keys_sql = PG_SQL(SQL);

bool keys_create(struct pg *db, const struct new_key *key, struct id *id,
                 char text[static KEY_BYTES], struct error *err)
{
    char random[RANDOM + 1];
    char hash[DIGEST_BYTES];
    char prefix[sizeof KEY_PREFIX + SHOWN];

    random_text(random, RANDOM);
    snprintf(text, KEY_BYTES, KEY_PREFIX "%s", random);
    digest_of(text, strlen(text), hash);
    snprintf(prefix, sizeof prefix, KEY_PREFIX "%.*s", SHOWN, random);
    *id = id_new("key");
    return pg_exec(db, SQL[CREATE],
                   PG_VALUES(id->text, key->account, key->name, hash, prefix,
                             random + RANDOM - SHOWN, key->permission, key->created_by,
                             pg_number(key->expires_days).text),
                   err);
}

bool keys_prune_use(struct pg *db, struct error *err)
{
    return pg_exec(db, SQL[PRUNE_USE], PG_NONE, err);
}

struct pg_rows *keys_find(struct pg *db, const char *hash, struct error *err)
{
    return pg_query(db, SQL[FIND], PG_VALUES(hash), err);
}

struct pg_rows *keys_changed(struct pg *db, const char *since, struct error *err)
{
    return pg_query(db, SQL[CHANGED], PG_VALUES(since), err);
}

/* Writes one column of uses as an array parameter. */
static void numbers(struct buffer *array, const struct key_use *uses, size_t count,
                    bool predictions)
{
    for (size_t at = 0; at < count; at++)
        buffer_printf(array, "%s%lld", at == 0 ? "{" : ",",
                      (long long)(predictions ? uses[at].predictions : uses[at].requests));
    buffer_add_text(array, count == 0 ? "{}" : "}");
}

static void ids(struct buffer *array, const struct key_use *uses, size_t count)
{
    for (size_t at = 0; at < count; at++) /* ids need no quotes */
        buffer_printf(array, "%s%s", at == 0 ? "{" : ",", uses[at].key_id);
    buffer_add_text(array, count == 0 ? "{}" : "}");
}

bool keys_count_use(struct pg *db, const struct key_use *uses, size_t count, struct error *err)
{
    struct buffer names = {0};
    struct buffer requests = {0};
    struct buffer predictions = {0};
    bool ok;

    ids(&names, uses, count);
    numbers(&requests, uses, count, false);
    numbers(&predictions, uses, count, true);
    ok = names.failed || requests.failed || predictions.failed
             ? error_no_memory(err)
             : pg_exec(db, SQL[COUNT_USE], PG_VALUES(names.data, requests.data, predictions.data),
                       err);
    buffer_clear(&names);
    buffer_clear(&requests);
    buffer_clear(&predictions);
    return ok;
}

void key_read(const struct pg_rows *rows, size_t row, struct key *key)
{
    *key = (struct key){.id = pg_text(rows, row, 0),
                        .account = pg_text(rows, row, 1),
                        .hash = pg_text(rows, row, 2),
                        .may_write = pg_bool(rows, row, 3),
                        .revoked = pg_bool(rows, row, 4),
                        .expires_at_ms = pg_int(rows, row, 5),
                        .plan = pg_text(rows, row, 6),
                        .changed_at = pg_text(rows, row, 7)};
}
