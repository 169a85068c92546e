/* fetch_child.c - fetching in a child, see fetch.h. */
#include "infra/blob/blob.h"
#include "schemas/fields.h"
#include "workers/build/child_end.h"
#include "workers/build/engine_module.h"
#include "workers/build/fetch.h"
#include "workers/build/unpack.h"
#include "workers/fetch/download.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MB = 512 };

static bool decode(const json_t *json, struct download *download, const char **table, int *most_mb,
                   struct error *err)
{
    struct fields fields = {.object = json};
    bool ok;

    download->url = fields_text(&fields, "url", REQUIRED, PATH_MAX);
    download->path = fields_text(&fields, "path", REQUIRED, PATH_MAX);
    *table = fields_text(&fields, "table", REQUIRED, PATH_MAX);
    *most_mb = (int)fields_int(&fields, "most_mb", REQUIRED, 1, INT_MAX, 1);
    download->timeout_s = (int)fields_int(&fields, "timeout_s", REQUIRED, 1, INT_MAX, 1);
    download->allow_private = json_is_true(fields_any(&fields, "allow_private"));
    download->most_bytes = (int64_t)*most_mb << 20;
    download->stopped = child_end_watch.stopped;
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

static char *fetch(struct download *download, const char *table, struct error *err)
{
    const struct fetch_module *module = module_open(FETCH_MODULE_FILE, FETCH_MODULE_SYMBOL, err);
    char member[UNPACK_NAME_BYTES];
    bool packed;
    json_t *report;
    char *text;

    if (module == NULL || !module->download(download, err))
        return NULL;
    packed = blob_is_archive(download->path);
    if (packed && !unpack_table(download->path, "the archive at the URL", table,
                                download->most_bytes, member, err))
        return NULL;
    report = json_pack("{s:b, s:s}", "unpacked", packed, "address", download->address);
    text = report == NULL ? NULL : json_text(report, err);
    json_decref(report);
    if (text == NULL)
        error_no_memory(err);
    return text;
}

int fetch_child_main(void)
{
    struct error err = {0};
    struct download download = {0};
    const char *table = NULL;
    int most_mb = 0;
    char *line = child_end_task(&err);
    json_t *task = line == NULL ? NULL : json_parse(line, strlen(line), &err);
    char *report = task != NULL && decode(task, &download, &table, &most_mb, &err) &&
                           child_end_guard(MEMORY_MB, download.timeout_s, &err)
                       ? fetch(&download, table, &err)
                       : NULL;
    int code = child_end_tell(report != NULL, report, &err);

    free(report);
    json_decref(task);
    free(line);
    return code;
}
