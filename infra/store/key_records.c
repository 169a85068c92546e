/* key_records.c - see key_records.h. */
#include "infra/store/key_records.h"

enum { MADE, FIND, LIST, COUNT_ALL, CHANGE, REVOKE };

#define RECORD                                                                                     \
    "select k.id, k.name, k.prefix, k.suffix, k.permission, k.status, iso(k.created_at),"          \
    "       iso(k.expires_at), iso(k.last_used_at), iso(k.revoked_at), k.created_by"

#define USED_WITHIN(time)                                                                          \
    ", (select coalesce(sum(u.requests), 0) from key_usage u"                                      \
    "    where u.key_id = k.id and u.hour > now() - interval '" time "')"

#define FILTER " from keys k where k.account = $1 and ($2::text is null or k.status = $2)"

static const char *const SQL[] = {
    [MADE] = "select count(*), coalesce(ceil(extract(epoch from"
             "         min(created_at) + interval '1 hour' - now())), 0)::int"
             "  from keys where account = $1 and created_by is not null"
             "   and created_at > now() - interval '1 hour'",
    [FIND] = RECORD USED_WITHIN("24 hours") USED_WITHIN("7 days")
        USED_WITHIN("30 days") " from keys k where k.account = $1 and k.id = $2",
    [LIST] = RECORD ", 0, 0, 0" FILTER
                    " order by k.created_at desc, k.id desc limit $3::int offset $4::int",
    [COUNT_ALL] = "select count(*)" FILTER,
    [CHANGE] =
        "update keys set changed_at = clock_timestamp(), name = coalesce($3, name),"
        "       expires_at = case when $4::int > 0 then now() + make_interval(days => $4::int)"
        "                         else expires_at end"
        " where account = $1 and id = $2",
    [REVOKE] = "update keys set changed_at = clock_timestamp(), status = 'revoked',"
               "       revoked_at = coalesce(revoked_at, now())"
               " where account = $1 and id = $2",
};
const struct pg_sql key_records_sql = PG_SQL(SQL);

static bool not_found(const char *id, struct error *err)
{
    return error_set(err, ERROR_NOT_FOUND, "no key has the id %.100s", id);
}

bool key_records_made(struct pg *db, const char *account, int64_t *made, int *wait_s,
                      struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[MADE], PG_VALUES(account), err);

    if (rows == NULL)
        return false;
    *made = pg_int(rows, 0, 0);
    *wait_s = (int)pg_int(rows, 0, 1);
    pg_rows_free(rows);
    return true;
}

void key_record_read(const struct pg_rows *rows, size_t row, struct key_record *key)
{
    int at = 0;

    *key = (struct key_record){0};
    key->id = pg_text(rows, row, at++);
    key->name = pg_text(rows, row, at++);
    key->prefix = pg_text(rows, row, at++);
    key->suffix = pg_text(rows, row, at++);
    key->permission = pg_text(rows, row, at++);
    key->status = pg_text(rows, row, at++);
    key->created_at = pg_text(rows, row, at++);
    key->expires_at = pg_text(rows, row, at++);
    key->last_used_at = pg_text(rows, row, at++);
    key->revoked_at = pg_text(rows, row, at++);
    key->created_by = pg_text(rows, row, at++);
    key->requests_24h = pg_int(rows, row, at++);
    key->requests_7d = pg_int(rows, row, at++);
    key->requests_30d = pg_int(rows, row, at);
}

void key_record_clear(struct key_record *key)
{
    pg_rows_free(key->rows);
    *key = (struct key_record){0};
}

bool key_records_find(struct pg *db, const char *account, const char *id, struct key_record *key,
                      struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[FIND], PG_VALUES(account, id), err);

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        pg_rows_free(rows);
        return not_found(id, err);
    }
    key_record_read(rows, 0, key);
    key->rows = rows;
    return true;
}

struct pg_rows *key_records_list(struct pg *db, const char *account, const char *status, int limit,
                                 int offset, int64_t *total, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[COUNT_ALL], PG_VALUES(account, status), err);

    if (rows == NULL)
        return NULL;
    *total = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    return pg_query(db, SQL[LIST],
                    PG_VALUES(account, status, pg_number(limit).text, pg_number(offset).text), err);
}

bool key_records_change(struct pg *db, const char *account, const char *id, const char *name,
                        int expires_days, struct error *err)
{
    size_t changed = 0;

    return pg_exec_count(db, SQL[CHANGE],
                         PG_VALUES(account, id, name, pg_number(expires_days).text), &changed,
                         err) &&
           (changed > 0 || not_found(id, err));
}

bool key_records_revoke(struct pg *db, const char *account, const char *id, struct error *err)
{
    size_t changed = 0;

    return pg_exec_count(db, SQL[REVOKE], PG_VALUES(account, id), &changed, err) &&
           (changed > 0 || not_found(id, err));
}
