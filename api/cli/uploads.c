/* uploads.c - trainyard uploads: tables, in files. */
#include "api/cli/cli.h"
#include "api/cli/progress.h"
#include "infra/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

static const struct column ROWS[] = {
    {"UPLOAD", "upload_id", CELL_TEXT},
    {"NAME", "name", CELL_TEXT},
    {"STATUS", "status", CELL_TEXT},
    {"FILES", "files", CELL_TEXT},
    {"SIZE", "files.0.size_bytes", CELL_BYTES},
    {"ROWS", "files.0.rows", CELL_TEXT},
    {"CREATED", "created_at", CELL_TIME},
    {NULL, NULL, CELL_TEXT},
};
static const struct column UPLOAD[] = {
    {"upload", "upload_id", CELL_TEXT},
    {"name", "name", CELL_TEXT},
    {"description", "description", CELL_TEXT},
    {"status", "status", CELL_TEXT},
    {"error", "error", CELL_TEXT},
    {"created", "created_at", CELL_TIME},
    {"deleted", "deleted_at", CELL_TIME},
    {NULL, NULL, CELL_TEXT},
};
static const struct column FILES[] = {
    {"FILE", "filename", CELL_TEXT}, {"SIZE", "size_bytes", CELL_BYTES},
    {"ROWS", "rows", CELL_TEXT},     {"COLUMNS", "columns", CELL_TEXT},
    {NULL, NULL, CELL_TEXT},
};
static const struct column COLUMNS[] = {
    {"COLUMN", "name", CELL_TEXT},
    {"TYPE", "type", CELL_TEXT},
    {"EMPTY CELLS", "nullable", CELL_TEXT},
    {NULL, NULL, CELL_TEXT},
};

static const char *content_type(const char *name)
{
    static const struct {
        const char *end;
        const char *type;
    } TYPES[] = {
        {".csv", "text/csv"},
        {".tsv", "text/tab-separated-values"},
        {".json", "application/json"},
        {".ndjson", "application/x-ndjson"},
        {".jsonl", "application/x-ndjson"},
        {".parquet", "application/vnd.apache.parquet"},
        {".gz", "application/gzip"},
        {".zip", "application/zip"},
    };
    size_t length = strlen(name);

    for (size_t at = 0; at < sizeof TYPES / sizeof *TYPES; at++) {
        size_t end = strlen(TYPES[at].end);

        if (length > end && strcasecmp(name + length - end, TYPES[at].end) == 0)
            return TYPES[at].type;
    }
    return "application/octet-stream";
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* Opens a file for reading and tells its size. */
static FILE *open_file(struct cli *cli, const char *path, int64_t *size, struct error *err)
{
    FILE *file = fopen(path, "rb");
    struct stat stat;

    if (file == NULL || fstat(fileno(file), &stat) != 0 || !S_ISREG(stat.st_mode)) {
        cli_misuse(cli, err, "cannot read %.120s: %s", path,
                   file == NULL ? strerror(errno) : "it is no file");
        if (file != NULL)
            fclose(file);
        return NULL;
    }
    *size = stat.st_size;
    return file;
}

static bool add_file(struct cli *cli, const char *path, json_t *files, struct error *err)
{
    int64_t size;
    FILE *file = open_file(cli, path, &size, err);

    if (file == NULL)
        return false;
    fclose(file);
    json_array_append_new(files,
                          json_pack("{s:s, s:s, s:I}", "filename", base_name(path), "content_type",
                                    content_type(path), "size_bytes", (json_int_t)size));
    return true;
}

static void on_moved(void *context, int64_t done, int64_t total)
{
    progress_show_bytes(context, done, total);
}

static bool put_file(struct cli *cli, const char *path, const json_t *made, struct error *err)
{
    const char *url = json_string_value(json_object_get(made, "presigned_url"));
    struct progress progress;
    int64_t size;
    FILE *file = open_file(cli, path, &size, err);
    bool ok;

    if (file == NULL)
        return false;
    progress_init(&progress, stderr, cli->terminal, base_name(path));
    ok = url == NULL ? error_set(err, ERROR_INTERNAL, "the API gave no place to put the file")
                     : client_put(cli->client, url, file, size, content_type(path), on_moved,
                                  &progress, err);
    progress_clear(&progress);
    fclose(file);
    return ok;
}

static json_t *announce(struct cli *cli, const char *const *paths, int count, const char *name,
                        const char *description, struct error *err)
{
    json_t *files = json_array();
    json_t *body = json_pack("{s:O}", "files", files);
    struct buffer path = {0};
    json_t *answer = NULL;
    bool ok = true;

    for (int at = 0; ok && at < count; at++)
        ok = add_file(cli, paths[at], files, err);
    if (name == NULL && count > 0)
        name = base_name(paths[0]);
    json_object_set_new(body, "name", json_string(name));
    if (description != NULL)
        json_object_set_new(body, "description", json_string(description));
    buffer_add_text(&path, "/uploads");
    if (ok && !cli_call_take(cli, "POST", &path, body, &answer, err))
        answer = NULL;
    buffer_clear(&path);
    json_decref(files);
    json_decref(body);
    return answer;
}

/* Says that the files are there, and waits until they were read. */
static json_t *confirm(struct cli *cli, const json_t *made, struct error *err)
{
    static const struct timespec PAUSE = {.tv_nsec = 300000000};
    const char *id = json_string_value(json_object_get(made, "upload_id"));
    json_t *body = json_pack("{s:s, s:s, s:[]}", "upload_id", id == NULL ? "" : id, "status",
                             "complete", "files");
    struct buffer path = {0};
    json_t *answer = NULL;
    size_t index;
    json_t *file;

    json_array_foreach(json_object_get(made, "files"), index, file)
    {
        json_array_append_new(json_object_get(body, "files"),
                              json_pack("{s:O, s:O}", "filename", json_object_get(file, "filename"),
                                        "s3_key", json_object_get(file, "s3_key")));
    }
    buffer_add_text(&path, "/uploads/status");
    if (!cli_call_take(cli, "POST", &path, body, &answer, err))
        answer = NULL;
    json_decref(body);
    while (answer != NULL) {
        const char *status = json_string_value(json_object_get(answer, "status"));
        const char *why = json_string_value(json_object_get(answer, "error"));

        if (status != NULL && strcmp(status, "complete") == 0)
            return answer;
        if (status == NULL || strcmp(status, "processing") != 0) {
            error_set(err, ERROR_VALIDATION, "the upload %.40s is %s: %.150s", id,
                      status == NULL ? "not known" : status, why == NULL ? "" : why);
            break;
        }
        nanosleep(&PAUSE, NULL);
        json_decref(answer);
        client_path_add(&path, "/uploads/", id);
        if (!cli_call_take(cli, "GET", &path, NULL, &answer, err))
            answer = NULL;
    }
    json_decref(answer);
    return NULL;
}

static json_t *upload(struct cli *cli, const char *const *paths, int count, const char *name,
                      const char *description, struct error *err)
{
    json_t *made = announce(cli, paths, count, name, description, err);
    json_t *answer = NULL;
    bool ok = made != NULL;

    for (int at = 0; ok && at < count; at++)
        ok = put_file(cli, paths[at], json_array_get(json_object_get(made, "files"), (size_t)at),
                      err);
    if (ok)
        answer = confirm(cli, made, err);
    json_decref(made);
    return answer;
}

char *cli_upload(struct cli *cli, const char *const *files, int count, const char *name,
                 const char *description, struct error *err)
{
    json_t *answer = upload(cli, files, count, name, description, err);
    const char *id = json_string_value(json_object_get(answer, "upload_id"));
    char *copy = id == NULL ? NULL : strdup(id);

    if (copy != NULL)
        fprintf(stderr, "%s\n", copy);
    json_decref(answer);
    return copy;
}

static void print_lists(const struct cli *cli, const json_t *answer)
{
    struct buffer text = {0};
    size_t index;
    json_t *file;

    if (cli->json || json_array_size(json_object_get(answer, "files")) == 0)
        return;
    table_add(&text, FILES, json_object_get(answer, "files"));
    json_array_foreach(json_object_get(answer, "files"), index, file)
    {
        if (index == 0 && json_array_size(json_object_get(file, "column_info")) > 0)
            table_add(&text, COLUMNS, json_object_get(file, "column_info"));
    }
    if (!text.failed)
        fputs(text.data, stdout);
    buffer_clear(&text);
}

static bool create(struct cli *cli, struct error *err)
{
    json_t *answer =
        upload(cli, cli->args.words, cli->args.words_count, args_value(&cli->args, "--name", 0),
               args_value(&cli->args, "--description", 0), err);

    if (answer == NULL)
        return false;
    cli_print(cli, UPLOAD, answer);
    print_lists(cli, answer);
    json_decref(answer);
    return true;
}

static bool list(struct cli *cli, struct error *err)
{
    static const char *const QUERIES[] = {"--limit", "--offset", "--status",
                                          "--sort",  "--order",  NULL};
    struct buffer path = {0};

    buffer_add_text(&path, "/uploads");
    cli_add_queries(cli, &path, QUERIES);
    return cli_show_take(cli, "GET", &path, "uploads", ROWS, err);
}

static bool get(struct cli *cli, struct error *err)
{
    struct buffer path = {0};
    json_t *answer;

    client_path_add(&path, "/uploads/", cli->args.words[0]);
    if (!cli_call_take(cli, "GET", &path, NULL, &answer, err))
        return false;
    cli_print(cli, UPLOAD, answer);
    print_lists(cli, answer);
    json_decref(answer);
    return true;
}

static bool delete_one(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/uploads/", cli->args.words[0]);
    return cli_show_take(cli, "DELETE", &path, NULL, UPLOAD, err);
}

/* The name of the first file of an upload: a copy. */
static char *first_file(struct cli *cli, const char *id, struct error *err)
{
    struct buffer path = {0};
    const char *name;
    json_t *answer;
    char *copy;

    client_path_add(&path, "/uploads/", id);
    if (!cli_call_take(cli, "GET", &path, NULL, &answer, err))
        return NULL;
    name = json_string_value(table_find(answer, "files.0.filename"));
    copy = name == NULL ? NULL : strdup(name);
    if (copy == NULL)
        error_set(err, ERROR_NOT_FOUND, "the upload has no file");
    json_decref(answer);
    return copy;
}

/* The rows of a preview are arrays beside their names, or objects. */
static void print_preview(const json_t *answer)
{
    enum { MOST = 15 };
    struct column columns[MOST + 1] = {{0}};
    char places[MOST][24];
    const json_t *names = json_object_get(answer, "columns");
    const json_t *first = json_array_get(json_object_get(answer, "data"), 0);
    struct buffer text = {0};
    size_t count = 0;
    const char *name;
    json_t *value;

    for (; json_is_array(names) && count < MOST && count < json_array_size(names); count++) {
        snprintf(places[count], sizeof places[count], "%zu", count);
        columns[count] = (struct column){json_string_value(json_array_get(names, count)),
                                         places[count], CELL_TEXT};
    }
    if (!json_is_array(names))
        json_object_foreach((json_t *)first, name, value)
        {
            if (count < MOST)
                columns[count++] = (struct column){name, name, CELL_TEXT};
        }
    table_add(&text, columns, json_object_get(answer, "data"));
    if (!text.failed)
        fputs(text.data, stdout);
    if (json_array_size(names) > MOST || json_object_size(first) > MOST)
        fprintf(stderr, "the first %d columns; all with --json\n", MOST);
    buffer_clear(&text);
}

static bool preview(struct cli *cli, struct error *err)
{
    static const char *const QUERIES[] = {"--limit", "--offset", NULL};
    const char *id = cli->args.words[0];
    char *file = cli->args.words_count > 1 ? strdup(cli->args.words[1]) : first_file(cli, id, err);
    struct buffer path = {0};
    json_t *answer;

    if (file == NULL)
        return false;
    client_path_add(&path, "/uploads/", id);
    client_path_add(&path, "/files/", file);
    buffer_add_text(&path, "/preview");
    cli_add_queries(cli, &path, QUERIES);
    free(file);
    if (!cli_call_take(cli, "GET", &path, NULL, &answer, err))
        return false;
    if (cli->json)
        puts(client_text(cli->client));
    else
        print_preview(answer);
    json_decref(answer);
    return true;
}

static const struct option_form CREATE_OPTIONS[] = {
    {"--name", "NAME", "what it is called (default: the first file)", NULL},
    {"--description", "TEXT", "what it is", NULL},
    {NULL, NULL, NULL, NULL},
};
static const struct option_form LIST_OPTIONS[] = {
    {"--limit", "N", "at most so many, up to 100 (default: 20)", NULL},
    {"--offset", "N", "after so many", NULL},
    {"--status", "STATUS", "pending, processing, complete or failed", NULL},
    {"--sort", "FIELD", "created_at or status", NULL},
    {"--order", "DIRECTION", "asc or desc", NULL},
    {NULL, NULL, NULL, NULL},
};
static const struct option_form PREVIEW_OPTIONS[] = {
    {"--limit", "N", "so many rows, up to 100 (default: 10)", NULL},
    {"--offset", "N", "after so many", NULL},
    {NULL, NULL, NULL, NULL},
};

static const struct verb VERBS[] = {
    {"create", "FILE...", 1, ARGS_WORDS_MOST, "uploads files of the same columns as one table",
     CREATE_OPTIONS, create},
    {"list", "", 0, 0, "the uploads of the account", LIST_OPTIONS, list},
    {"get", "UPLOAD", 1, 1, "one upload, with its columns", NULL, get},
    {"preview", "UPLOAD [FILE]", 1, 2, "its first rows", PREVIEW_OPTIONS, preview},
    {"delete", "UPLOAD", 1, 1, "deletes it, unless a model uses it", NULL, delete_one},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_uploads = {
    "uploads", "tables: CSV, TSV, JSON, NDJSON, Parquet, also with gzip, or one in a ZIP", VERBS};
