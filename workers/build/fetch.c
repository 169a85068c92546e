/* fetch.c - see fetch.h. */
#include "workers/build/fetch.h"

#include "infra/blob/blob.h"
#include "infra/postgres/pool.h"
#include "infra/store/fetched.h"
#include "schemas/fields.h"
#include "workers/runtime/child.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPARE_S = 30 };

/* One fetch, and the files the child writes: what came, and the table if that was an archive. */
struct fetch {
    char path[BLOB_PATH_BYTES];
    char table[BLOB_PATH_BYTES];
    bool unpacked;
    char address[64];
};

static void on_event(void *context, const struct child_event *event)
{
    struct fetch *fetch = context;
    const char *address;

    if (event->kind != CHILD_REPORT)
        return;
    fetch->unpacked = json_is_true(json_object_get(event->report, "unpacked"));
    address = json_string_value(json_object_get(event->report, "address"));
    if (address != NULL && strlen(address) < sizeof fetch->address)
        strcpy(fetch->address, address);
}

static char *encode(const struct build_services *services, const struct fetch *fetch,
                    const char *url, struct error *err)
{
    json_t *task = json_pack("{s:s, s:s, s:s, s:i, s:i, s:b}", "url", url, "path", fetch->path,
                             "table", fetch->table, "most_mb", services->fetch_most_mb, "timeout_s",
                             services->fetch_timeout_s, "allow_private", services->fetch_private);
    char *text = task == NULL ? NULL : json_text(task, err);
    char *line = text == NULL ? NULL : realloc(text, strlen(text) + 2);

    json_decref(task);
    if (line == NULL) {
        free(text);
        error_no_memory(err);
        return NULL;
    }
    return strcat(line, "\n");
}

static bool run_child(struct run *run, const struct build_services *services, struct fetch *fetch,
                      const char *url, struct error *err)
{
    static const char *const ARGUMENTS[] = {"child", "fetch", NULL};
    char *input = encode(services, fetch, url, err);
    bool ok = input != NULL &&
              child_run(run,
                        &(struct child_task){.arguments = ARGUMENTS,
                                             .input = input,
                                             .timeout_s = services->fetch_timeout_s + SPARE_S,
                                             .on_event = on_event,
                                             .context = fetch},
                        err);

    free(input);
    return ok;
}

static bool fetch_now(struct run *run, const struct build_services *services, const char *url,
                      char digest[static DIGEST_BYTES], int64_t *size_bytes, struct error *err)
{
    struct fetch fetch = {0};
    size_t size = 0;
    bool ok;

    run_progress(run, 0, "fetching");
    ok =
        blobs_temp(services->blobs, fetch.path, err) &&
        blobs_temp(services->blobs, fetch.table, err) &&
        run_child(run, services, &fetch, url, err) &&
        blobs_adopt(services->blobs, fetch.unpacked ? fetch.table : fetch.path, digest, &size, err);
    if (*fetch.path != '\0')
        unlink(fetch.path); /* gone already when it was adopted */
    if (*fetch.table != '\0')
        unlink(fetch.table);
    *size_bytes = (int64_t)size;
    if (ok)
        run_log(run, "INFO", "fetched %s from %s: %zu bytes, sha256 %s", url, fetch.address, size,
                digest);
    return ok;
}

/* Looks up, or notes, what the job fetched. */
static bool recall(struct run *run, const struct build_services *services,
                   char digest[static DIGEST_BYTES], int64_t *size_bytes, struct error *err)
{
    struct pg *db = pg_pool_borrow(services->db, err);
    bool ok = db != NULL && fetched_find(db, run_job(run)->id, digest, size_bytes, err);

    pg_pool_return(services->db, db);
    return ok;
}

static bool remember(struct run *run, const struct build_services *services, const char *digest,
                     int64_t size_bytes, struct error *err)
{
    struct pg *db = pg_pool_borrow(services->db, err);
    bool ok = db != NULL && fetched_note(db, run_job(run)->id, digest, size_bytes, err);

    pg_pool_return(services->db, db);
    return ok;
}

bool fetch_table(struct run *run, const struct build_services *services, const char *url,
                 char digest[static DIGEST_BYTES], int64_t *size_bytes, struct error *err)
{
    char path[BLOB_PATH_BYTES];
    struct error ignored = {0};

    if (!recall(run, services, digest, size_bytes, err))
        return false;
    if (*digest != '\0' && blobs_path(services->blobs, digest, path, &ignored)) {
        run_log(run, "INFO", "going on with what an earlier run fetched: sha256 %s", digest);
        return true;
    }
    return fetch_now(run, services, url, digest, size_bytes, err) &&
           remember(run, services, digest, *size_bytes, err);
}
