/* uploads.c - see uploads.h. */
#include "infra/store/uploads.h"

#include "schemas/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CREATE, FIND, FIND_SIGNED, HOLD, HOLD_NAMED, LIST, COUNT_ALL, SET_FILE, END };

#define UPLOAD_COLUMNS                                                                             \
    "select id, account, name, description, status, error, revision,"                              \
    "       expires_at < clock_timestamp(), iso(created_at), iso(updated_at), iso(expires_at),"    \
    "       files "                                                                                \
    "  from uploads "

#define UPLOAD_FILTER                                                                              \
    "where account = $1 and case when $2::text is null then status <> 'deleted'"                   \
    "                            else status = $2 end "

static const char *const SQL[] = {
    [CREATE] = "insert into uploads (id, account, name, description, files, expires_at)"
               "values ($1, $2, $3, $4, $5,"
               "        clock_timestamp() + make_interval(secs => $6::int))",
    [FIND] = UPLOAD_COLUMNS "where id = $2 and account = $1 and status <> 'deleted'",
    [FIND_SIGNED] = UPLOAD_COLUMNS "where id = $1 and status <> 'deleted'",
    [HOLD] = UPLOAD_COLUMNS "where id = $2 and account = $1 and status <> 'deleted' for share",
    [HOLD_NAMED] = UPLOAD_COLUMNS "where name = $2 and account = $1 and status = 'complete'"
                                  " order by created_at desc, id desc limit 1 for share",
    /* $3: what to sort by and which way; the id makes the order total */
    [LIST] = UPLOAD_COLUMNS UPLOAD_FILTER
    "order by case $3 when 'created_at asc' then created_at end asc,"
    "         case $3 when 'created_at desc' then created_at end desc,"
    "         case $3 when 'status asc' then status end asc,"
    "         case $3 when 'status desc' then status end desc,"
    "         id desc limit $4::int offset $5::int",
    [COUNT_ALL] = "select count(*) from uploads " UPLOAD_FILTER,
    /* A second one waits for the row, then computes from what the first one made of it. */
    [SET_FILE] = "update uploads set revision = revision + 1, updated_at = clock_timestamp(),"
                 "       files = (select json_agg("
                 "                  case when f.n = $2::int + 1"
                 "                       then (f.file::jsonb || $3::jsonb)::json"
                 "                       else f.file end order by f.n)"
                 "                  from json_array_elements(files)"
                 "                       with ordinality as f(file, n))"
                 " where id = $1 and status = 'pending' and json_array_length(files) > $2::int",
    [END] = "update uploads set revision = revision + 1, updated_at = clock_timestamp(),"
            "       status = $3, files = coalesce($4::json, files), error = $5"
            " where id = $1 and status in ('pending', 'processing') and revision = $2::bigint",
};
const struct pg_sql uploads_sql = PG_SQL(SQL);

const char *upload_table_name(const json_t *file)
{
    const char *member = json_string_value(json_object_get(file, "member"));

    return member != NULL ? member : json_string_value(json_object_get(file, "filename"));
}

bool uploads_create(struct pg *db, const struct new_upload *upload, struct error *err)
{
    char *files = json_text(upload->files, err);
    bool ok = files != NULL &&
              pg_exec(db, SQL[CREATE],
                      PG_VALUES(upload->id, upload->account, upload->name, upload->description,
                                files, pg_number(upload->lifetime_s).text),
                      err);

    free(files);
    return ok;
}

bool upload_read(const struct pg_rows *rows, size_t row, struct upload *upload, struct error *err)
{
    const char *files;
    int at = 0;

    *upload = (struct upload){0};
    upload->id = pg_text(rows, row, at++);
    upload->account = pg_text(rows, row, at++);
    upload->name = pg_text(rows, row, at++);
    upload->description = pg_text(rows, row, at++);
    upload->status =
        (enum upload_status)state_from_word(MACHINE_UPLOAD, pg_text_or_empty(rows, row, at++));
    upload->error = pg_text(rows, row, at++);
    upload->revision = pg_int(rows, row, at++);
    upload->expired = pg_bool(rows, row, at++);
    upload->created_at = pg_text(rows, row, at++);
    upload->updated_at = pg_text(rows, row, at++);
    upload->expires_at = pg_text(rows, row, at++);
    files = pg_text_or_empty(rows, row, at);
    upload->files = json_loads(files, 0, NULL);
    return json_is_array(upload->files) ||
           error_set(err, ERROR_INTERNAL, "the upload's files cannot be read");
}

void upload_clear(struct upload *upload)
{
    json_decref(upload->files);
    pg_rows_free(upload->rows);
    *upload = (struct upload){0};
}

/* Makes the one row of rows, which it takes, an upload. */
static bool take_found(struct pg_rows *rows, const char *id, struct upload *upload,
                       struct error *err)
{
    bool ok;

    *upload = (struct upload){0};
    if (rows == NULL)
        return false;
    ok = pg_rows_count(rows) == 1
             ? upload_read(rows, 0, upload, err)
             : error_set(err, ERROR_NOT_FOUND, "no upload is named %.100s", id);
    upload->rows = rows;
    if (!ok)
        upload_clear(upload);
    return ok;
}

bool uploads_find(struct pg *db, const char *account, const char *id, struct upload *upload,
                  struct error *err)
{
    return take_found(pg_query(db, SQL[FIND], PG_VALUES(account, id), err), id, upload, err);
}

bool uploads_hold(struct pg *db, const char *account, const char *reference, struct upload *upload,
                  struct error *err)
{
    return take_found(pg_query(db, SQL[HOLD], PG_VALUES(account, reference), err), reference,
                      upload, err) ||
           (err->code == ERROR_NOT_FOUND &&
            take_found(pg_query(db, SQL[HOLD_NAMED], PG_VALUES(account, reference), err), reference,
                       upload, err));
}

bool uploads_find_signed(struct pg *db, const char *id, struct upload *upload, struct error *err)
{
    return take_found(pg_query(db, SQL[FIND_SIGNED], PG_VALUES(id), err), id, upload, err);
}

struct pg_rows *uploads_list(struct pg *db, const struct uploads_filter *filter, int64_t *total,
                             struct error *err)
{
    char order[32];
    struct pg_rows *rows =
        pg_query(db, SQL[COUNT_ALL], PG_VALUES(filter->account, filter->status), err);

    if (rows == NULL)
        return NULL;
    *total = pg_int(rows, 0, 0);
    pg_rows_free(rows);
    snprintf(order, sizeof order, "%.16s %s", filter->sort, filter->ascending ? "asc" : "desc");
    return pg_query(db, SQL[LIST],
                    PG_VALUES(filter->account, filter->status, order, pg_number(filter->limit).text,
                              pg_number(filter->offset).text),
                    err);
}

bool uploads_set_file(struct pg *db, const char *id, size_t index, const char *digest,
                      int64_t size_bytes, struct error *err)
{
    char facts[160];
    size_t changed = 0;

    snprintf(facts, sizeof facts, "{\"digest\":\"%.64s\",\"size_bytes\":%lld}", digest,
             (long long)size_bytes);
    if (!pg_exec_count(db, SQL[SET_FILE], PG_VALUES(id, pg_number((int64_t)index).text, facts),
                       &changed, err))
        return false;
    return changed == 1 ||
           error_set(err, ERROR_CONFLICT,
                     "the upload takes no more files: it was confirmed or deleted; make a new one");
}

static bool end(struct pg *db, const char *id, int64_t revision, enum upload_status status,
                const char *files, const char *reason, struct error *err)
{
    size_t changed = 0;

    if (!pg_exec_count(db, SQL[END],
                       PG_VALUES(id, pg_number(revision).text, state_word(MACHINE_UPLOAD, status),
                                 files, reason),
                       &changed, err))
        return false;
    return changed == 1 ||
           error_set(err, ERROR_CONFLICT,
                     "the upload was changed meanwhile: look at it, then try again");
}

bool uploads_complete(struct pg *db, const char *id, int64_t revision, const json_t *files,
                      struct error *err)
{
    char *text = json_text(files, err);
    bool ok = text != NULL && end(db, id, revision, UPLOAD_COMPLETE, text, NULL, err);

    free(text);
    return ok;
}

bool uploads_fail(struct pg *db, const char *id, int64_t revision, const char *reason,
                  struct error *err)
{
    return end(db, id, revision, UPLOAD_FAILED, NULL, reason, err);
}
