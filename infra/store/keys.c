/* keys.c - see keys.h. */
#include "infra/store/keys.h"

#include "infra/base/digest.h"

#include <stdio.h>
#include <string.h>

enum { CREATE, FIND, CHANGED };

enum { RANDOM = 32, SHOWN = 4 };

#define KEY_PREFIX "plx_sk_"
#define KEY_COLUMNS                                                                                \
    "id, account, hash, permission = 'read_write', status = 'revoked', coalesce(expires_at <= "    \
    "now(), false), changed_at"

static const char *const SQL[] = {
    [CREATE] = "insert into keys (id, account, name, hash, prefix, suffix, permission) values ($1, "
               "$2, $3, $4, $5, $6, $7)",
    [FIND] = "select " KEY_COLUMNS " from keys where hash = $1",
    /* a little further back: a change may become visible after a later one */
    [CHANGED] =
        "select " KEY_COLUMNS
        " from keys where changed_at > $1::timestamptz - interval '5 s' order by changed_at",
};
const struct pg_sql keys_sql = PG_SQL(SQL);

bool keys_create(struct pg *db, const char *account, const char *name, const char *permission,
                 struct id *id, char text[static KEY_BYTES], struct error *err)
{
    char random[RANDOM + 1];
    char hash[DIGEST_BYTES];
    char prefix[sizeof KEY_PREFIX + SHOWN];

    random_text(random, RANDOM);
    snprintf(text, KEY_BYTES, KEY_PREFIX "%s", random);
    digest_of(text, strlen(text), hash);
    snprintf(prefix, sizeof prefix, KEY_PREFIX "%.*s", SHOWN, random);
    *id = id_new("key");
    return pg_exec(
        db, SQL[CREATE],
        PG_VALUES(id->text, account, name, hash, prefix, random + RANDOM - SHOWN, permission), err);
}

struct pg_rows *keys_find(struct pg *db, const char *hash, struct error *err)
{
    return pg_query(db, SQL[FIND], PG_VALUES(hash), err);
}

struct pg_rows *keys_changed(struct pg *db, const char *since, struct error *err)
{
    return pg_query(db, SQL[CHANGED], PG_VALUES(since), err);
}

void key_read(const struct pg_rows *rows, size_t row, struct key *key)
{
    *key = (struct key){.id = pg_text(rows, row, 0),
                        .account = pg_text(rows, row, 1),
                        .hash = pg_text(rows, row, 2),
                        .may_write = pg_bool(rows, row, 3),
                        .revoked = pg_bool(rows, row, 4),
                        .expired = pg_bool(rows, row, 5),
                        .changed_at = pg_text(rows, row, 6)};
}
