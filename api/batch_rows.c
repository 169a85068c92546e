/* batch_rows.c - see batch_rows.h. */
#include "api/batch_rows.h"

#include "api/input_row.h"
#include "api/services.h"
#include "engine/predict/rows.h"
#include "infra/blob/blob_writer.h"

#include <stdio.h>
#include <string.h>

enum { WRITE_BYTES = 64 * 1024 };

struct reading {
    const struct predictor *predictor;
    struct batch_rows *rows;
    struct blob_writer *writer;
    struct buffer bytes;
    struct fields problems;
    const char *at;
    const char *end;
};

static void skip_blanks(struct reading *reading)
{
    while (reading->at < reading->end && *reading->at != '\0' &&
           strchr(" \t\r\n", *reading->at) != NULL)
        reading->at++;
}

static bool skip_char(struct reading *reading, char c)
{
    skip_blanks(reading);
    if (reading->at == reading->end || *reading->at != c)
        return false;
    reading->at++;
    return true;
}

/*
 * The text of the next item of the array, up to the comma or bracket that ends it; its grammar is
 * for its reader. False when nothing ends it.
 */
static bool take_item(struct reading *reading, const char **text, size_t *length)
{
    int depth = 0;
    bool quoted = false;
    const char *at;

    skip_blanks(reading);
    *text = reading->at;
    for (at = reading->at; at < reading->end; at++) {
        if (quoted) {
            if (*at == '\\')
                at++;
            else if (*at == '"')
                quoted = false;
        } else if (*at == '"') {
            quoted = true;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (depth == 0 && (*at == ',' || *at == ']')) {
            break;
        } else if (*at == '}' || *at == ']') {
            depth--;
        }
    }
    if (at >= reading->end)
        return false;
    *length = (size_t)(at - *text);
    reading->at = at;
    return true;
}

static bool full(const struct reading *reading)
{
    return json_object_size(reading->problems.problems) >= BATCH_PROBLEMS_MOST;
}

/* Moves what is wrong with one row among what is wrong with all. */
static void note_problems(struct reading *reading, struct fields *of_row)
{
    const char *field;
    json_t *problem;
    char name[160];

    json_object_foreach(of_row->problems, field, problem)
    {
        if (full(reading))
            return;
        snprintf(name, sizeof name, "rows[%lld].%.100s", (long long)reading->rows->count, field);
        fields_problem(&reading->problems, name, "%s", json_string_value(problem));
    }
}

static bool read_item(struct reading *reading, const char *text, size_t length, struct error *err)
{
    struct fields problems = {0};
    struct input_row row = {0};
    size_t count;
    bool ok = input_row_read(&row, reading->predictor, text, length, &problems, err);

    predictor_fields(reading->predictor, &count);
    if (ok) {
        note_problems(reading, &problems);
        rows_add(&reading->bytes, row.values, count, row.warnings.data, row.warnings.length);
        ok = blob_writer_drain(reading->writer, &reading->bytes, WRITE_BYTES, err);
    } else if (err->code == ERROR_INVALID_REQUEST) {
        struct error inner = *err;

        error_set(err, ERROR_INVALID_REQUEST, "rows[%lld]: %.200s", (long long)reading->rows->count,
                  row.json == NULL ? inner.message
                                   : "not an object: give a value for each field of the model");
    }
    fields_clear(&problems);
    input_row_clear(&row);
    return ok;
}

static bool not_whole(struct error *err)
{
    return error_set(err, ERROR_INVALID_REQUEST,
                     "the body is not valid JSON: an array of objects must end with ]");
}

static bool read_items(struct reading *reading, struct error *err)
{
    const char *text;
    size_t length;

    do {
        if (!take_item(reading, &text, &length))
            return not_whole(err);
        if (reading->rows->count == BATCH_ROWS_MOST)
            return error_set(err, ERROR_TOO_LARGE,
                             "the array has more than %d rows: send it in parts, or as an upload "
                             "({\"upload_id\": ...})",
                             BATCH_ROWS_MOST);
        if (!read_item(reading, text, length, err))
            return false;
        reading->rows->count++;
    } while (!full(reading) && skip_char(reading, ','));
    if (full(reading))
        return true;
    if (!skip_char(reading, ']'))
        return not_whole(err);
    skip_blanks(reading);
    return reading->at == reading->end ||
           error_set(err, ERROR_INVALID_REQUEST,
                     "the body is not valid JSON: something follows the array");
}

static bool read_array(struct reading *reading, struct error *err)
{
    if (!skip_char(reading, '['))
        return error_set(err, ERROR_INVALID_REQUEST, "the body must be an array of objects");
    if (!skip_char(reading, ']'))
        return read_items(reading, err);
    skip_blanks(reading);
    return reading->at == reading->end ||
           error_set(err, ERROR_INVALID_REQUEST,
                     "the body is not valid JSON: something follows the array");
}

/* Says what is wrong with rows, if anything is. */
static bool judge(struct call *call, struct reading *reading, struct error *err)
{
    json_t *nothing;
    bool ok;

    if (reading->problems.problems == NULL)
        return true;
    nothing = json_object(); /* all fields of all rows were looked at already */
    reading->problems.object = nothing;
    ok = call_fields_end(call, &reading->problems, err);
    json_decref(nothing);
    return ok;
}

bool batch_rows_read(struct call *call, const struct predictor *predictor, struct batch_rows *rows,
                     struct error *err)
{
    struct reading reading = {.predictor = predictor, .rows = rows};
    size_t length = 0;
    bool ok;

    *rows = (struct batch_rows){0};
    reading.at = call_raw_body(call, &length);
    reading.end = reading.at + length;
    reading.writer = blob_writer_new(call_services(call)->blobs, INT64_MAX, err);
    if (reading.writer == NULL)
        return false;
    rows_add_head(&reading.bytes, predictor);
    ok = read_array(&reading, err) && judge(call, &reading, err);
    if (ok && rows->count > 0) {
        ok = blob_writer_drain(reading.writer, &reading.bytes, 0, err);
        rows->size_bytes = blob_writer_size(reading.writer);
        ok = ok && blob_writer_end(reading.writer, rows->digest, err);
    }
    buffer_clear(&reading.bytes);
    fields_clear(&reading.problems);
    blob_writer_free(reading.writer);
    return ok;
}
