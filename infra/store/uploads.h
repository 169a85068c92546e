/*
 * uploads.h - uploads in the database: tables of clients, each of one file or several.
 *
 * The files are a JSON array, in the order in which they were named:
 *
 *     {"filename", "content_type",
 *      "size_bytes": declared, later counted; null: not known,
 *      "digest": of the blob; null: not here yet,
 *      "rows": null: not read yet, "columns_count": the same,
 *      "columns": [{"name", "type", "nullable", "unique"}], of the first file only,
 *      "member": of a ZIP archive the name of its table, which is what digest then names,
 *      "archive_digest": of such an archive itself}
 *
 * All files of an upload have the same columns, so the first one's stand for all. Every function
 * uses the session it is given.
 */
#ifndef TRAINYARD_INFRA_STORE_UPLOADS_H
#define TRAINYARD_INFRA_STORE_UPLOADS_H

#include "infra/postgres/pg.h"
#include "schemas/states.h"

#include <jansson.h>

extern const struct pg_sql uploads_sql;

/* Owns rows and files; clear with upload_clear(). The texts point into rows. */
struct upload {
    const char *id;
    const char *account;
    const char *name;
    const char *description; /* NULL: none */
    enum upload_status status;
    const char *error; /* why it failed; NULL: it did not */
    int64_t revision;
    bool expired; /* its signed URLs are, by the database's clock */
    const char *created_at;
    const char *updated_at;
    const char *expires_at;
    json_t *files;
    struct pg_rows *rows; /* NULL when the struct is a look at a list */
};

struct new_upload {
    const char *id;
    const char *account;
    const char *name;
    const char *description; /* NULL: none */
    const json_t *files;
    int lifetime_s; /* of the signed URLs */
};

/* The name whose ending tells the format of a file's blob: its own, or the one in the archive. */
const char *upload_table_name(const json_t *file);

/* Inserts a pending upload. */
MUST_CHECK bool uploads_create(struct pg *db, const struct new_upload *upload, struct error *err);

/* An upload of an account that was not deleted. ERROR_NOT_FOUND. */
MUST_CHECK bool uploads_find(struct pg *db, const char *account, const char *id,
                             struct upload *upload, struct error *err);

/*
 * The upload that reference means: its id or, where no upload has it, the name of several, of which
 * the newest complete one is meant. Until the transaction ends nobody can delete it.
 * ERROR_NOT_FOUND.
 */
MUST_CHECK bool uploads_hold(struct pg *db, const char *account, const char *reference,
                             struct upload *upload, struct error *err);

/* An upload by its id alone, for those who prove their right by a signature. */
MUST_CHECK bool uploads_find_signed(struct pg *db, const char *id, struct upload *upload,
                                    struct error *err);

struct uploads_filter {
    const char *account;
    const char *status; /* NULL: all but deleted ones */
    const char *sort;   /* "created_at" or "status" */
    bool ascending;
    int limit;
    int offset;
};

/* A page of uploads, read with upload_read(); *total counts all that fit. Free with
 * pg_rows_free(). */
MUST_CHECK struct pg_rows *uploads_list(struct pg *db, const struct uploads_filter *filter,
                                        int64_t *total, struct error *err);

/* Reads a row; upload owns its files only, rows must outlive it. Clear with upload_clear(). */
MUST_CHECK bool upload_read(const struct pg_rows *rows, size_t row, struct upload *upload,
                            struct error *err);
void upload_clear(struct upload *upload);

/*
 * Notes that file index of a pending upload is here. Several files may arrive at once: the row's
 * lock lets one after the other change the array. ERROR_CONFLICT when the upload is not pending.
 */
MUST_CHECK bool uploads_set_file(struct pg *db, const char *id, size_t index, const char *digest,
                                 int64_t size_bytes, struct error *err);

/*
 * Ends a pending upload of which the caller knows this revision: complete with what was read of its
 * files, or failed with the reason. ERROR_CONFLICT when somebody changed it meanwhile.
 */
MUST_CHECK bool uploads_complete(struct pg *db, const char *id, int64_t revision,
                                 const json_t *files, struct error *err);
MUST_CHECK bool uploads_fail(struct pg *db, const char *id, int64_t revision, const char *reason,
                             struct error *err);

#endif
