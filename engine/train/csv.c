/* csv.c - see csv.h. */
#include "engine/train/csv.h"

#include <stdlib.h>
#include <string.h>

enum { SNIFF_RECORDS = 50, NAME_SIZE = 256 };

struct reader {
    const char *at;
    const char *end;
    size_t line;  /* of the record last read, from 1 */
    size_t lines; /* read so far */
    char separator;
    bool mac; /* lines end with CR alone */
};

/* Where a record's names go; NULL when they are only counted. */
typedef bool (*field_handler)(void *context, const char *data, size_t length, bool quoted,
                              struct error *err);

static bool at_line_end(const struct reader *reader)
{
    return reader->at >= reader->end || *reader->at == '\n' ||
           (*reader->at == '\r' &&
            (reader->mac || (reader->at + 1 < reader->end && reader->at[1] == '\n')));
}

/* Moves over one field; false when a quote is never closed. */
static bool read_field(struct reader *reader, const char **data, size_t *length, bool *quoted)
{
    *quoted = reader->at < reader->end && *reader->at == '"';
    *data = reader->at;
    if (*quoted) {
        *data = ++reader->at;
        for (;; reader->at++) {
            if (reader->at >= reader->end)
                return false;
            if (*reader->at == '\n')
                reader->lines++;
            if (*reader->at != '"')
                continue;
            if (reader->at + 1 >= reader->end || reader->at[1] != '"')
                break;
            reader->at++;
        }
        *length = (size_t)(reader->at - *data);
        reader->at++;
    }
    while (!at_line_end(reader) && *reader->at != reader->separator)
        reader->at++;
    if (!*quoted)
        *length = (size_t)(reader->at - *data);
    return true;
}

/*
 * Reads one record that is not blank. *fields is 0 at the end of the file. False when a quote is
 * not closed or handler failed.
 */
static bool read_record(struct reader *reader, field_handler handler, void *context, size_t *fields,
                        struct error *err)
{
    const char *data;
    size_t length;
    bool quoted;

    *fields = 0;
    while (reader->at < reader->end && at_line_end(reader)) {
        reader->lines += *reader->at == '\n' || reader->mac;
        reader->at++;
    }
    reader->line = reader->lines + 1;
    if (reader->at >= reader->end)
        return true;
    for (;;) {
        if (!read_field(reader, &data, &length, &quoted))
            return error_set(err, ERROR_VALIDATION,
                             "a quote (\") that opens on line %zu is never closed: close it, or "
                             "double it if it is part of the text",
                             reader->line);
        (*fields)++;
        if (handler != NULL && !handler(context, data, length, quoted, err))
            return false;
        if (at_line_end(reader))
            return true;
        reader->at++; /* the separator */
    }
}

static bool text_is_utf8(const unsigned char *text, const unsigned char *end)
{
    while (text < end) {
        int more = *text < 0x80   ? 0
                   : *text < 0xc2 ? -1
                   : *text < 0xe0 ? 1
                   : *text < 0xf0 ? 2
                   : *text < 0xf5 ? 3
                                  : -1;

        if (more < 0 || end - text <= more)
            return false;
        for (int i = 1; i <= more; i++)
            if ((text[i] & 0xc0) != 0x80)
                return false;
        text += more + 1;
    }
    return true;
}

static bool check_bytes(struct source *source, const char *data, size_t size, struct error *err)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)data[i];

        if (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1a)
            return error_set(err, ERROR_VALIDATION,
                             "%.80s is binary, not a text table (byte %zu): send CSV (UTF-8), "
                             "TSV, JSON, NDJSON or Parquet",
                             source->name, i + 1);
    }
    source->latin1 = !text_is_utf8((const unsigned char *)data, (const unsigned char *)data + size);
    return true;
}

/* How well a separator explains the first records: the header's width, if the others share it. */
static size_t separator_score(struct reader reader, char separator)
{
    struct error ignored = {0};
    size_t header;
    size_t fields;
    size_t alike = 0;
    size_t records = 0;

    reader.separator = separator;
    if (!read_record(&reader, NULL, NULL, &header, &ignored) || header < 2)
        return 0;
    while (records < SNIFF_RECORDS && read_record(&reader, NULL, NULL, &fields, &ignored) &&
           fields > 0) {
        records++;
        alike += fields == header;
    }
    return alike * 2 >= records ? header * 1000 + alike : header;
}

static char find_separator(const struct source *source, const struct reader *reader)
{
    static const char SEPARATORS[] = {',', ';', '\t', '|'};
    size_t best_score = 0;
    char best = ',';

    if (source->format == SOURCE_TSV)
        return '\t';
    for (size_t i = 0; i < sizeof SEPARATORS; i++) {
        size_t score = separator_score(*reader, SEPARATORS[i]);

        if (score > best_score) {
            best_score = score;
            best = SEPARATORS[i];
        }
    }
    return best;
}

/* A name as UTF-8, without blanks around it and without doubled quotes. */
static size_t clean_name(const struct source *source, const char *data, size_t length, bool quoted,
                         char name[NAME_SIZE])
{
    size_t used = 0;

    while (length > 0 && (*data == ' ' || *data == '\t')) {
        data++;
        length--;
    }
    while (length > 0 && memchr(" \t\r", data[length - 1], 3) != NULL)
        length--;
    for (size_t i = 0; i < length && used + 3 < NAME_SIZE; i++) {
        unsigned char c = (unsigned char)data[i];

        if (quoted && c == '"' && i + 1 < length && data[i + 1] == '"')
            i++;
        if (source->latin1 && c >= 0x80) {
            name[used++] = (char)(0xc0 | c >> 6);
            c = (unsigned char)(0x80 | (c & 0x3f));
        }
        name[used++] = (char)c;
    }
    name[used] = '\0';
    return used;
}

static bool add_name(void *context, const char *data, size_t length, bool quoted, struct error *err)
{
    struct source *source = context;
    char name[NAME_SIZE];
    size_t column = source->names.count;
    size_t used;
    uint32_t number;

    if (length >= NAME_SIZE - 4)
        return error_set(err, ERROR_VALIDATION,
                         "the name of column %zu is longer than %d characters: the first line must "
                         "be a header",
                         column + 1, NAME_SIZE - 4);
    used = clean_name(source, data, length, quoted, name);
    if (column >= COLUMNS_MAX) { /* the rest is only counted */
        return true;
    }
    if (used == 0)
        return error_set(err, ERROR_VALIDATION,
                         "column %zu of %.80s has no name: give every column a name in the header "
                         "line, or remove it",
                         column + 1, source->name);
    if (!dictionary_add(&source->names, name, used, &number, err))
        return false;
    if (number != column)
        return error_set(err, ERROR_VALIDATION,
                         "two columns are named %.80s (%u and %zu): give each a name of its own",
                         name, (unsigned)number + 1, column + 1);
    return true;
}

static bool read_header(struct source *source, struct reader *reader, size_t *width,
                        struct error *err)
{
    if (!read_record(reader, add_name, source, width, err))
        return false;
    source->skip_lines = reader->line - 1;
    if (*width > COLUMNS_MAX)
        return error_set(err, ERROR_VALIDATION,
                         "%.80s has %zu columns, %d are the limit: leave out those that cannot "
                         "matter",
                         source->name, *width, COLUMNS_MAX);
    if (*width == 0)
        return error_set(err, ERROR_VALIDATION,
                         "%.80s is empty: send a table with a header line and rows", source->name);
    if (*width == 1)
        return error_set(err, ERROR_VALIDATION,
                         "%.80s has one column, %.60s: a model needs a target and at least one "
                         "other column (separators are , ; tab |)",
                         source->name, source->names.bytes);
    return true;
}

bool csv_scan(struct source *source, const char *data, size_t size, struct error *err)
{
    struct reader reader;
    size_t mark = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* of byte order */
    size_t width;
    size_t fields;

    reader = (struct reader){.at = data + mark, .end = data + size};
    reader.mac = memchr(data, '\n', size) == NULL && memchr(data, '\r', size) != NULL;
    if (!check_bytes(source, reader.at, (size_t)(reader.end - reader.at), err))
        return false;
    reader.separator = source->separator = find_separator(source, &reader);
    if (!read_header(source, &reader, &width, err))
        return false;
    for (;;) {
        if (!read_record(&reader, NULL, NULL, &fields, err))
            return false;
        if (fields == 0)
            break;
        if (fields != width)
            return error_set(err, ERROR_VALIDATION,
                             "line %zu of %.60s has %zu fields, the header has %zu: mend the line "
                             "(quote a field that holds the separator)",
                             reader.line, source->name, fields, width);
        source->rows++;
    }
    if (source->rows == 0)
        return error_set(err, ERROR_VALIDATION, "%.80s has a header but no rows: send the data too",
                         source->name);
    source->scanned = true;
    return true;
}
