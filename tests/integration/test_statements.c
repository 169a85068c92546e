/*
 * test_statements.c - every statement of infra/store fits the schema, and what the small ones do:
 * accounts, keys, settings, instances.
 */
#include "infra/base/digest.h"
#include "infra/store/accounts.h"
#include "infra/store/datasets.h"
#include "infra/store/deployments.h"
#include "infra/store/events.h"
#include "infra/store/fetched.h"
#include "infra/store/instances.h"
#include "infra/store/jobs.h"
#include "infra/store/kept_answers.h"
#include "infra/store/key_records.h"
#include "infra/store/keys.h"
#include "infra/store/leases.h"
#include "infra/store/log_lines.h"
#include "infra/store/migrations.h"
#include "infra/store/models.h"
#include "infra/store/outbox.h"
#include "infra/store/replicas.h"
#include "infra/store/served.h"
#include "infra/store/settings.h"
#include "infra/store/uploads.h"
#include "infra/store/versions.h"
#include "tests/integration/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int with_database(void **state)
{
    static struct support support;

    support_init(&support);
    *state = &support;
    return 0;
}

static int clear_database(void **state)
{
    support_clear(*state);
    return 0;
}

static void every_statement_fits_the_schema(void **state)
{
    static const struct {
        const char *name;
        const struct pg_sql *sql;
    } FILES[] = {
        {"accounts", &accounts_sql},
        {"datasets", &datasets_sql},
        {"events", &events_sql},
        {"fetched", &fetched_sql},
        {"deployments", &deployments_sql},
        {"replicas", &replicas_sql},
        {"instances", &instances_sql},
        {"jobs", &jobs_sql},
        {"key_records", &key_records_sql},
        {"keys", &keys_sql},
        {"kept_answers", &kept_answers_sql},
        {"leases", &leases_sql},
        {"log_lines", &log_lines_sql},
        {"migrations", &migrations_sql},
        {"models", &models_sql},
        {"outbox", &outbox_sql},
        {"served", &served_sql},
        {"settings", &settings_sql},
        {"uploads", &uploads_sql},
        {"versions", &versions_sql},
    };
    struct support *support = *state;

    for (size_t file = 0; file < sizeof FILES / sizeof *FILES; file++)
        for (size_t at = 0; at < FILES[file].sql->count; at++) {
            struct error err = {0};

            assert_non_null(FILES[file].sql->statements[at]);
            if (!pg_prepare(support->db, FILES[file].sql->statements[at], &err))
                fail_msg("%s, statement %zu: %s\n%s", FILES[file].name, at, err.detail,
                         FILES[file].sql->statements[at]);
        }
}

static void an_account_is_made_once_with_its_limits(void **state)
{
    static const char LIMITS[] =
        "select string_agg(l.pool || ' ' || l.max_running, ', ' order by l.pool)"
        " from limits l join accounts a on a.id = l.account where a.name = 'acme'";
    struct support *support = *state;
    struct error err = {0};
    struct id first;
    struct id second;

    assert_true(accounts_find_or_create(support->db, "acme", &first, &err));
    assert_true(accounts_find_or_create(support->db, "acme", &second, &err));
    assert_string_equal(first.text, second.text);
    assert_string_equal(support_text(support, LIMITS, PG_NONE),
                        "build 2, deploy 4, predict 32, retrain 2");
    assert_false(accounts_create(support->db, id_new("user").text, "acme", &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
}

static void a_key_is_found_by_its_hash_and_kept_nowhere_in_clear(void **state)
{
    struct support *support = *state;
    struct error err = {0};
    char text[KEY_BYTES];
    char hash[DIGEST_BYTES];
    struct id id;
    struct pg_rows *rows;
    struct key key;

    assert_true(keys_create(
        support->db,
        &(struct new_key){.account = support->account, .name = "mine", .permission = "read_only"},
        &id, text, &err));
    assert_memory_equal(text, "plx_sk_", 7);
    assert_int_equal(strlen(text), strlen("plx_sk_") + 32);
    digest_of(text, strlen(text), hash);
    rows = keys_find(support->db, hash, &err);
    assert_int_equal(pg_rows_count(rows), 1);
    key_read(rows, 0, &key);
    assert_string_equal(key.id, id.text);
    assert_string_equal(key.account, support->account);
    assert_false(key.may_write || key.revoked || key.expires_at_ms != 0);
    assert_string_equal(key.plan, "unlimited");
    pg_rows_free(rows);
    rows = keys_find(support->db, "no such hash", &err);
    assert_int_equal(pg_rows_count(rows), 0);
    pg_rows_free(rows);
    assert_string_equal(
        support_text(support, "select count(*) from keys k where k::text like '%' || $1 || '%'",
                     PG_VALUES(text)),
        "0");
}

static void what_changed_of_keys_is_told(void **state)
{
    struct support *support = *state;
    struct error err = {0};
    char text[KEY_BYTES];
    struct id id;
    struct pg_rows *rows;
    struct key key;

    assert_true(keys_create(
        support->db,
        &(struct new_key){.account = support->account, .name = "mine", .permission = "read_write"},
        &id, text, &err));
    rows = keys_changed(support->db, "-infinity", &err);
    assert_int_equal(pg_rows_count(rows), 1);
    key_read(rows, 0, &key);
    assert_true(key.may_write);
    pg_rows_free(rows);
    support_text(support,
                 "update keys set status = 'revoked', changed_at = now() + interval '1 minute', "
                 "expires_at = now() returning 1",
                 PG_NONE);
    rows = keys_changed(support->db,
                        support_text(support, "select now() + interval '30 s'", PG_NONE), &err);
    assert_int_equal(pg_rows_count(rows), 1);
    key_read(rows, 0, &key);
    assert_true(key.revoked && key.expires_at_ms > 0);
    pg_rows_free(rows);
    rows = keys_changed(support->db, "infinity", &err);
    assert_int_equal(pg_rows_count(rows), 0);
    pg_rows_free(rows);
}

static void all_processes_share_the_blob_store_of_the_first(void **state)
{
    struct support *support = *state;
    struct error err = {0};
    char value[64];

    assert_true(settings_join_blob_store(support->db, "blobs_1", &err));
    assert_true(settings_join_blob_store(support->db, "blobs_1", &err));
    assert_false(settings_join_blob_store(support->db, "blobs_2", &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_non_null(strstr(err.message, "must share one"));
    assert_true(settings_get(support->db, "blob_store", value, sizeof value, &err));
    assert_string_equal(value, "blobs_1");
}

static void a_database_has_a_secret_of_its_own(void **state)
{
    struct support *support = *state;
    struct error err = {0};
    char value[128];

    assert_true(settings_get(support->db, "signing_key", value, sizeof value, &err));
    assert_int_equal(strlen(value), 64);
    assert_false(settings_get(support->db, "no such thing", value, sizeof value, &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
}

static void a_pool_is_seen_while_one_of_its_workers_lives(void **state)
{
    static const char *const POOLS[] = {"build", "logs"};
    struct support *support = *state;
    struct error err = {0};
    bool seen;

    assert_true(instances_pool_seen(support->db, "build", 60, &seen, &err));
    assert_false(seen);
    assert_true(instances_heartbeat(support->db, "wrk_1", "worker", POOLS, 2, &err));
    assert_true(instances_heartbeat(support->db, "wrk_1", "worker", POOLS, 2, &err));
    assert_true(instances_heartbeat(support->db, "api_1", "api", NULL, 0, &err));
    assert_true(instances_pool_seen(support->db, "build", 60, &seen, &err));
    assert_true(seen);
    assert_true(instances_pool_seen(support->db, "deploy", 60, &seen, &err));
    assert_false(seen);
    support_text(support, "update instances set seen_at = now() - interval '2 minutes' returning 1",
                 PG_NONE);
    assert_true(instances_pool_seen(support->db, "build", 60, &seen, &err));
    assert_false(seen);
    assert_true(instances_heartbeat(support->db, "wrk_1", "worker", POOLS, 2, &err));
    assert_true(instances_leave(support->db, "wrk_1", &err));
    assert_true(instances_pool_seen(support->db, "build", 60, &seen, &err));
    assert_false(seen);
}

#define case_with_database(test)                                                                   \
    cmocka_unit_test_setup_teardown(test, with_database, clear_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_with_database(every_statement_fits_the_schema),
        case_with_database(an_account_is_made_once_with_its_limits),
        case_with_database(a_key_is_found_by_its_hash_and_kept_nowhere_in_clear),
        case_with_database(what_changed_of_keys_is_told),
        case_with_database(all_processes_share_the_blob_store_of_the_first),
        case_with_database(a_database_has_a_secret_of_its_own),
        case_with_database(a_pool_is_seen_while_one_of_its_workers_lives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
