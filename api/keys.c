/* keys.c - see keys.h. */
#include "api/keys.h"

#include "api/key_cache.h"
#include "api/query.h"
#include "api/services.h"
#include "infra/store/key_records.h"
#include "infra/store/keys.h"

#include <string.h>

enum { NAME_MOST = 100, DAYS_MOST = 3650 };

static const char *const LEVELS[] = {"read_only", "read_write", NULL};

/* Told ---------------------------------------------------------------------------------------*/

static json_t *key_json(const struct key_record *key, const char *account)
{
    json_t *answer =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "key_id", key->id, "name", key->name,
                  "key_prefix", key->prefix, "key_suffix", key->suffix, "permission_level",
                  key->permission, "status", key->status, "created_at", key->created_at);

    json_object_set_new(answer, "preview", json_sprintf("%s...%s", key->prefix, key->suffix));
    json_object_set_new(answer, "expires_at", json_text_or_null(key->expires_at));
    json_object_set_new(answer, "last_used_at", json_text_or_null(key->last_used_at));
    json_object_set_new(answer, "revoked_at", json_text_or_null(key->revoked_at));
    json_object_set_new(answer, "created_by", json_string(account));
    json_object_set_new(answer, "created_by_key", json_text_or_null(key->created_by));
    return answer;
}

/* With what was counted, where the key was found alone. */
static json_t *key_used_json(const struct key_record *key, const char *account)
{
    json_t *answer = key_json(key, account);

    json_object_set_new(answer, "usage_stats",
                        json_pack("{s:I, s:I, s:I}", "requests_last_24h",
                                  (json_int_t)key->requests_24h, "requests_last_7d",
                                  (json_int_t)key->requests_7d, "requests_last_30d",
                                  (json_int_t)key->requests_30d));
    return answer;
}

bool api_keys_list(struct call *call, struct error *err)
{
    static const char *const STATUSES[] = {"active", "revoked", NULL};
    const char *status = NULL;
    json_t *items;
    struct pg_rows *rows;
    struct pg *db;
    int64_t total = 0;
    int limit;
    int offset;

    if (!query_page(call, &limit, &offset, err) ||
        !query_word_or_none(call, "status", STATUSES, &status, err))
        return false;
    db = call_db(call, err);
    rows = db == NULL
               ? NULL
               : key_records_list(db, call_account(call), status, limit, offset, &total, err);
    if (rows == NULL)
        return false;
    items = json_array();
    for (size_t row = 0; row < pg_rows_count(rows); row++) {
        struct key_record key;

        key_record_read(rows, row, &key);
        json_array_append_new(items, key_json(&key, call_account(call)));
    }
    pg_rows_free(rows);
    return call_reply_take(call, 200, page_json_take("keys", items, total, limit, offset), err);
}

bool api_keys_get(struct call *call, struct error *err)
{
    const char *account = call_account(call);
    struct key_record key = {0};
    struct pg *db = call_db(call, err);
    bool ok = db != NULL && key_records_find(db, account, call_path(call, "key_id"), &key, err) &&
              call_reply_take(call, 200, key_used_json(&key, account), err);

    key_record_clear(&key);
    return ok;
}

/* Made ---------------------------------------------------------------------------------------*/

struct wish {
    const char *name;
    const char *level; /* NULL: not given, or wrong */
    int days;          /* until it expires; 0: never */
};

/* permission is an older spelling of permission_level. */
static void read_new(struct fields *fields, struct wish *wish)
{
    bool older = json_object_get(fields->object, "permission_level") == NULL &&
                 json_object_get(fields->object, "permission") != NULL;
    int level =
        fields_choice(fields, older ? "permission" : "permission_level", REQUIRED, LEVELS, -1);

    wish->name = fields_text(fields, "name", REQUIRED, NAME_MOST);
    wish->level = level < 0 ? NULL : LEVELS[level];
    wish->days = (int)fields_int(fields, "expiration_days", OPTIONAL, 1, DAYS_MOST, 0);
}

static bool may_make(struct call *call, struct pg *db, struct error *err)
{
    int64_t made = 0;
    int wait_s = 0;

    if (!key_records_made(db, call_account(call), &made, &wait_s, err))
        return false;
    if (made < KEYS_PER_HOUR)
        return true;
    call_retry_after(call, wait_s < 1 ? 1 : wait_s);
    return error_set(err, ERROR_RATE_LIMIT,
                     "an account may make %d keys an hour: try again in %d s", KEYS_PER_HOUR,
                     wait_s < 1 ? 1 : wait_s);
}

/*
 * Commits and replies. The key itself is told in the reply only: an answer that is kept for an
 * Idempotency-Key goes without it, since it is stored nowhere.
 */
static bool commit(struct call *call, struct pg *db, const char *id, const char *text,
                   struct error *err)
{
    struct key_record key = {0};
    json_t *answer;
    bool ok;

    if (!key_records_find(db, call_account(call), id, &key, err))
        return false;
    answer = key_json(&key, call_account(call));
    key_record_clear(&key);
    ok = call_commit_reply(call, 200, json_incref(answer), err);
    if (ok) {
        json_object_set_new(answer, "key", json_string(text));
        json_object_set_new(answer, "api_key", json_string(text));
        ok = call_reply_take(call, 200, json_incref(answer), err);
    }
    json_decref(answer);
    return ok;
}

bool api_keys_create(struct call *call, struct error *err)
{
    struct fields fields = {.object = call_body(call, err)};
    const char *account = call_account(call);
    struct wish wish;
    struct pg *db;
    struct id id;
    char text[KEY_BYTES];
    bool ok;

    if (fields.object == NULL)
        return false;
    read_new(&fields, &wish);
    if (!call_fields_end(call, &fields, err))
        return false;
    db = call_begin(call, err);
    if (db == NULL || !may_make(call, db, err) ||
        !keys_create(db,
                     &(struct new_key){.account = account,
                                       .name = wish.name,
                                       .permission = wish.level,
                                       .expires_days = wish.days,
                                       .created_by = call_key(call)},
                     &id, text, err))
        return false;
    ok = commit(call, db, id.text, text, err);
    explicit_bzero(text, sizeof text);
    return ok;
}

/* Changed ------------------------------------------------------------------------------------*/

static void read_change(struct fields *fields, struct wish *wish)
{
    wish->name = fields_text(fields, "name", OPTIONAL, NAME_MOST);
    wish->days = (int)fields_int(fields, "expiration_days", OPTIONAL, 1, DAYS_MOST, 0);
    if (wish->name != NULL && *wish->name == '\0')
        fields_problem(fields, "name", "empty: give 1 to %d bytes", NAME_MOST);
    if (fields_any(fields, "permission_level") != NULL)
        fields_problem(fields, "permission_level",
                       "cannot change: make a new key, and revoke this one");
}

bool api_keys_update(struct call *call, struct error *err)
{
    struct fields fields = {.object = call_body(call, err)};
    const char *id = call_path(call, "key_id");
    struct wish wish;
    struct pg *db;

    if (fields.object == NULL)
        return false;
    read_change(&fields, &wish);
    if (!call_fields_end(call, &fields, err))
        return false;
    db = call_db(call, err);
    return db != NULL &&
           key_records_change(db, call_account(call), id, wish.name, wish.days, err) &&
           api_keys_get(call, err);
}

bool api_keys_delete(struct call *call, struct error *err)
{
    const char *account = call_account(call);
    const char *id = call_path(call, "key_id");
    struct key_record key = {0};
    struct pg *db = call_db(call, err);
    bool ok = db != NULL && key_records_revoke(db, account, id, err) &&
              key_records_find(db, account, id, &key, err);

    if (ok) {
        key_cache_revoke(call_services(call)->keys, id);
        ok = call_reply_take(call, 200,
                             json_pack("{s:s, s:s, s:s}", "key_id", key.id, "status", "revoked",
                                       "revoked_at", key.revoked_at),
                             err);
    }
    key_record_clear(&key);
    return ok;
}
