/* settings.c - see settings.h. */
#include "infra/store/settings.h"

#include <stdio.h>
#include <string.h>

enum { GET, CLAIM_BLOB_STORE };

static const char *const SQL[] = {
    [GET] = "select value from settings where name = $1",
    [CLAIM_BLOB_STORE] = "update settings set value = $1 where name = 'blob_store' and value = ''",
};
const struct pg_sql settings_sql = PG_SQL(SQL);

bool settings_get(struct pg *db, const char *name, char *value, size_t size, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[GET], PG_VALUES(name), err);
    bool ok = rows != NULL;

    if (ok && pg_rows_count(rows) == 0)
        ok = error_set(err, ERROR_INTERNAL,
                       "the database lacks the setting %s: run trainyard migrate", name);
    if (ok)
        snprintf(value, size, "%s", pg_text_or_empty(rows, 0, 0));
    pg_rows_free(rows);
    return ok;
}

bool settings_join_blob_store(struct pg *db, const char *id, struct error *err)
{
    char known[128];

    if (!pg_exec(db, SQL[CLAIM_BLOB_STORE], PG_VALUES(id), err) ||
        !settings_get(db, "blob_store", known, sizeof known, err))
        return false;
    if (strcmp(known, id) == 0)
        return true;
    return error_set(err, ERROR_CONFLICT,
                     "TRAINYARD_BLOB_DIR is another store than the one this database was used "
                     "with: all processes must"
                     " share one");
}
