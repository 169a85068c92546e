/* fetched.c - see fetched.h. */
#include "infra/store/fetched.h"

#include <stdio.h>

enum { FIND, NOTE };

static const char *const SQL[] = {
    [FIND] = "select digest, size_bytes from fetched where job_id = $1",
    [NOTE] = "insert into fetched (job_id, digest, size_bytes) values ($1, $2, $3)"
             " on conflict (job_id) do update set digest = excluded.digest,"
             "    size_bytes = excluded.size_bytes, fetched_at = clock_timestamp()",
};
const struct pg_sql fetched_sql = PG_SQL(SQL);

bool fetched_find(struct pg *db, const char *job_id, char digest[static DIGEST_BYTES],
                  int64_t *size_bytes, struct error *err)
{
    struct pg_rows *rows = pg_query(db, SQL[FIND], PG_VALUES(job_id), err);

    digest[0] = '\0';
    *size_bytes = 0;
    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 1) {
        snprintf(digest, DIGEST_BYTES, "%s", pg_text_or_empty(rows, 0, 0));
        *size_bytes = pg_int(rows, 0, 1);
    }
    pg_rows_free(rows);
    return true;
}

bool fetched_note(struct pg *db, const char *job_id, const char *digest, int64_t size_bytes,
                  struct error *err)
{
    return pg_exec(db, SQL[NOTE], PG_VALUES(job_id, digest, pg_number(size_bytes).text), err);
}
