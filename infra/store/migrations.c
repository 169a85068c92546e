/* migrations.c - see migrations.h. */
#include "infra/store/migrations.h"

#include "infra/base/digest.h"
#include "schemas/migrations.h"

#include <string.h>

enum { LOCK, UNLOCK, APPLIED, NOTE };

/* The lock's number means nothing but "Trainyard migrates". */
static const char *const SQL[] = {
    [LOCK] = "select pg_advisory_lock(7243986120091)",
    [UNLOCK] = "select pg_advisory_unlock(7243986120091)",
    [APPLIED] = "select number, name, checksum from migrations order by number",
    [NOTE] = "insert into migrations (number, name, checksum) values ($1::int, $2, $3)",
};
const struct pg_sql migrations_sql = PG_SQL(SQL);

static const char TABLE[] = "create table if not exists migrations ("
                            "  number int primary key, name text not null, checksum text not null,"
                            "  applied_at timestamptz not null default now())";

enum { LOCK_TIMEOUT_MS = 120000 };

static bool check_applied(const struct pg_rows *rows, const struct migration *known,
                          size_t known_count, struct error *err)
{
    char checksum[DIGEST_BYTES];

    if (pg_rows_count(rows) > known_count)
        return error_set(
            err, ERROR_CONFLICT,
            "the database is newer than this program (migration %s): update the program",
            pg_text(rows, pg_rows_count(rows) - 1, 1));
    for (size_t at = 0; at < pg_rows_count(rows); at++) {
        digest_of(known[at].sql, strlen(known[at].sql), checksum);
        if (pg_int(rows, at, 0) != known[at].number || strcmp(pg_text(rows, at, 2), checksum) != 0)
            return error_set(err, ERROR_CONFLICT,
                             "migration %s was changed after it was applied: restore it, and add a "
                             "new one instead",
                             known[at].name);
    }
    return true;
}

static bool apply(struct pg *db, const struct migration *migration, struct error *err)
{
    char checksum[DIGEST_BYTES];
    struct error cause;

    digest_of(migration->sql, strlen(migration->sql), checksum);
    if (pg_begin(db, err) && pg_script(db, migration->sql, err) &&
        pg_exec(db, SQL[NOTE],
                PG_VALUES(pg_number(migration->number).text, migration->name, checksum), err) &&
        pg_commit(db, err))
        return true;
    pg_rollback(db);
    cause = *err;
    error_set(err, cause.code, "migration %.64s failed, and left nothing behind: %.100s",
              migration->name, cause.message);
    return error_detail(err, "%s", cause.detail);
}

static bool apply_missing(struct pg *db, int *applied, struct error *err)
{
    size_t known_count;
    const struct migration *known = migrations_all(&known_count);
    struct pg_rows *rows;
    size_t there;
    bool ok;

    if (!pg_script(db, TABLE, err))
        return false;
    rows = pg_query(db, SQL[APPLIED], PG_NONE, err);
    if (rows == NULL)
        return false;
    there = pg_rows_count(rows);
    ok = check_applied(rows, known, known_count, err);
    pg_rows_free(rows);
    for (size_t at = there; ok && at < known_count; at++) {
        ok = apply(db, &known[at], err);
        if (ok && applied != NULL)
            ++*applied;
    }
    return ok;
}

bool migrations_run(struct pg *db, int *applied, struct error *err)
{
    struct error ignored = {0};
    bool ok;

    if (applied != NULL)
        *applied = 0;
    pg_set_timeout(db, LOCK_TIMEOUT_MS);
    if (!pg_script(db, "set lock_timeout = '110s'", err) || !pg_exec(db, SQL[LOCK], PG_NONE, err))
        return false;
    ok = apply_missing(db, applied, err);
    return pg_exec(db, SQL[UNLOCK], PG_NONE, ok ? err : &ignored) && ok;
}
