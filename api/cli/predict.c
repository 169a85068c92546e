/* predict.c - trainyard predict: one row, several, or a file of them. */
#include "api/cli/cli.h"
#include "api/cli/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The whole of a file, or of stdin; "-" is stdin too. */
static char *read_all(struct cli *cli, const char *path, struct error *err)
{
    bool is_stdin = path == NULL || strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rb");
    struct buffer text = {0};
    char piece[16384];
    size_t length;

    if (file == NULL) {
        cli_misuse(cli, err, "cannot read %.120s: %s", path, strerror(errno));
        return NULL;
    }
    while ((length = fread(piece, 1, sizeof piece, file)) > 0)
        buffer_add(&text, piece, length);
    if (!is_stdin)
        fclose(file);
    buffer_add_text(&text, "");
    return buffer_take(&text, err);
}

/* Waits for a batch and writes its results to stdout, a line each. */
static bool print_results(struct cli *cli, const char *job_id, struct error *err)
{
    json_t *job = cli_wait(cli, job_id, false, 0, err);
    struct buffer path = {0};
    bool ok = job != NULL;

    client_path_add(&path, "/jobs/", job_id);
    buffer_add_text(&path, "/results");
    if (ok)
        ok = path.failed ? error_no_memory(err)
                         : client_download(cli->client, path.data, stdout, NULL, NULL, err);
    buffer_clear(&path);
    json_decref(job);
    return ok;
}

static bool post_rows(struct cli *cli, const char *text, const char *what, struct error *err)
{
    struct buffer path = {0};
    json_t *answer = NULL;
    bool ok = cli_model_path(cli, cli->args.words[0], &path, err);

    buffer_add_text(&path, what);
    if (ok)
        ok = path.failed ? error_no_memory(err)
                         : client_call(cli->client, "POST", path.data, text, &answer, err);
    buffer_clear(&path);
    if (!ok)
        return false;
    if (json_object_get(answer, "job_id") != NULL) { /* it took longer than a request may */
        ok = print_results(cli, json_string_value(json_object_get(answer, "job_id")), err);
    } else if (cli->json) {
        puts(client_text(cli->client));
    } else if (json_is_array(answer)) {
        size_t index;
        json_t *row;

        json_array_foreach(answer, index, row)
        {
            char *line = json_dumps(json_object_get(row, "prediction"), JSON_ENCODE_ANY);

            puts(line == NULL ? "" : line);
            free(line);
        }
    } else {
        char *result = json_dumps(json_object_get(answer, "result"), JSON_INDENT(2));
        size_t index;
        json_t *warning;

        puts(result == NULL ? "" : result);
        free(result);
        json_array_foreach(json_object_get(answer, "warnings"), index, warning)
        {
            fprintf(stderr, "warning: %s\n", json_string_value(warning));
        }
    }
    json_decref(answer);
    return ok;
}

/* Whether name ends with one of the endings (between spaces), whatever the case. */
static bool ends_with(const char *name, const char *endings)
{
    while (*endings != '\0') {
        size_t length = strcspn(endings, " ");

        if (strlen(name) > length &&
            strncasecmp(name + strlen(name) - length, endings, length) == 0)
            return true;
        endings += length + (endings[length] == ' ');
    }
    return false;
}

/* The format of a result: that of --format, or of the name of its file. */
static bool read_format(struct cli *cli, const char *output, const char **format, struct error *err)
{
    static const char *const FORMATS[] = {"ndjson", "csv", "parquet", NULL};

    if (!args_word(&cli->args, "--format", FORMATS, format, err)) {
        cli->misused = true;
        return false;
    }
    if (*format == NULL)
        *format = ends_with(output, ".csv")       ? "csv"
                  : ends_with(output, ".parquet") ? "parquet"
                                                  : "ndjson";
    return true;
}

static void on_moved(void *context, int64_t done, int64_t total)
{
    progress_show_bytes(context, done, total);
}

/* Writes the results of a job to a file, whole or not at all. */
static bool download(struct cli *cli, const char *job_id, const char *output, struct error *err)
{
    struct buffer path = {0};
    struct buffer part = {0};
    struct progress progress;
    FILE *file = NULL;
    bool ok;

    client_path_add(&path, "/jobs/", job_id);
    buffer_add_text(&path, "/results");
    buffer_printf(&part, "%s.part", output);
    if (path.failed || part.failed)
        ok = error_no_memory(err);
    else if ((file = fopen(part.data, "wb")) == NULL)
        ok = cli_misuse(cli, err, "cannot write %.120s: %s", part.data, strerror(errno));
    else {
        progress_init(&progress, stderr, cli->terminal, output);
        ok = client_download(cli->client, path.data, file, on_moved, &progress, err);
        progress_clear(&progress);
        if (fclose(file) != 0 && ok)
            ok = error_set(err, ERROR_INTERNAL, "cannot write %.120s: %s", output, strerror(errno));
        if (ok && rename(part.data, output) != 0)
            ok = error_set(err, ERROR_INTERNAL, "cannot write %.120s: %s", output, strerror(errno));
        if (!ok)
            remove(part.data);
    }
    buffer_clear(&path);
    buffer_clear(&part);
    return ok;
}

/* A batch over an upload: the job's id, a copy. */
static char *start_batch(struct cli *cli, const char *upload_id, const char *format,
                         struct error *err)
{
    json_t *body = json_pack("{s:s, s:s}", "upload_id", upload_id, "output_format", format);
    struct buffer path = {0};
    json_t *answer = NULL;
    char *job_id = NULL;

    if (cli_model_path(cli, cli->args.words[0], &path, err)) {
        buffer_add_text(&path, "/predictions");
        if (cli_call_take(cli, "POST", &path, body, &answer, err)) {
            const char *id = json_string_value(json_object_get(answer, "job_id"));

            job_id = id == NULL ? NULL : strdup(id);
            if (job_id == NULL)
                error_set(err, ERROR_INTERNAL, "the API answers without a job");
        }
    }
    buffer_clear(&path);
    json_decref(answer);
    json_decref(body);
    return job_id;
}

static bool predict_upload(struct cli *cli, const char *upload_id, struct error *err)
{
    static const struct column ENDED[] = {
        {"job", "job_id", CELL_TEXT},
        {"status", "status", CELL_TEXT},
        {"rows", "result.rows", CELL_TEXT},
        {"rows without a prediction", "result.failed_rows", CELL_TEXT},
        {NULL, NULL, CELL_TEXT}};
    const char *output = args_value(&cli->args, "--output", 0);
    const char *format;
    char *job_id;
    json_t *job = NULL;
    bool ok = false;

    if (output == NULL)
        return cli_misuse(cli, err,
                          "give --output FILE for the results: .ndjson, .csv or .parquet");
    if (!read_format(cli, output, &format, err))
        return false;
    job_id = start_batch(cli, upload_id, format, err);
    if (job_id != NULL)
        job = cli_wait(cli, job_id, false, 0, err);
    if (job != NULL) {
        cli_print(cli, ENDED, job);
        ok = download(cli, job_id, output, err);
    }
    json_decref(job);
    free(job_id);
    return ok;
}

static bool predict_file(struct cli *cli, const char *file, struct error *err)
{
    char *upload_id;
    bool ok;

    if (args_value(&cli->args, "--output", 0) == NULL)
        return cli_misuse(cli, err,
                          "give --output FILE for the results: .ndjson, .csv or .parquet");
    upload_id = cli_upload(cli, &file, 1, NULL, NULL, err);
    ok = upload_id != NULL && predict_upload(cli, upload_id, err);
    free(upload_id);
    return ok;
}

static bool predict(struct cli *cli, struct error *err)
{
    static const char TABLES[] = ".csv .tsv .ndjson .jsonl .parquet .gz .zip";
    const char *given = args_value(&cli->args, "--input", 0);
    const char *dataset = args_value(&cli->args, "--dataset", 0);
    json_error_t where;
    json_t *json;
    char *text;
    bool ok;

    if (dataset != NULL && given != NULL)
        return cli_misuse(cli, err, "give either --input or --dataset");
    if (dataset != NULL)
        return predict_upload(cli, dataset, err);
    if (given != NULL && (ends_with(given, TABLES) || args_has(&cli->args, "--output")))
        return predict_file(cli, given, err);
    if (args_has(&cli->args, "--output"))
        return cli_misuse(cli, err, "give --input FILE of rows, or --dataset ID, with --output");
    text = read_all(cli, given, err);
    if (text == NULL)
        return false;
    json = json_loads(text, 0, &where);
    if (json == NULL)
        ok = cli_misuse(cli, err, "the input is no JSON: line %d: %.150s", where.line, where.text);
    else
        ok = post_rows(cli, text, json_is_array(json) ? "/predictions" : "/infer", err);
    json_decref(json);
    free(text);
    return ok;
}

static const struct option_form OPTIONS[] = {
    {"--input", "FILE", "the row or rows (default: stdin); CSV, NDJSON, Parquet: a batch", NULL},
    {"--dataset", "ID", "a batch over an upload that is there", NULL},
    {"--output", "FILE", "where the results of a batch go: .ndjson, .csv, .parquet", NULL},
    {"--format", "FORMAT", "another format than the name of the file says", NULL},
    {NULL, NULL, NULL, NULL},
};
static const struct verb VERBS[] = {
    {"", "NAME[/VERSION]", 1, 1,
     "predicts from a JSON object, each of an array, or each row of a file", OPTIONS, predict},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_predict = {"predict", "predictions", VERBS};
