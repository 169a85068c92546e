/* table.c - see table.h. */
#include "api/cli/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_MOST = 60, GAP = 2, COLUMNS_MOST = 16 };

const json_t *table_find(const json_t *json, const char *path)
{
    char name[64];

    while (json != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");

        snprintf(name, sizeof name, "%.*s", (int)length, path);
        json = json_is_array(json) ? json_array_get(json, strtoul(name, NULL, 10))
                                   : json_object_get(json, name);
        path += length + (path[length] == '.');
    }
    return json;
}

/* How many characters stand in the bytes of UTF-8. */
static size_t width(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t at = 0; at < length; at++)
        count += ((unsigned char)text[at] & 0xC0) != 0x80;
    return count;
}

/* Adds text on one line, without control characters, at most so many characters. */
static void add_plain(struct buffer *text, const char *value, size_t most)
{
    size_t count = 0;

    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;

        if ((c & 0xC0) != 0x80 && count++ == most - 1 && width(value, strlen(value)) > 1) {
            buffer_add_text(text, "…");
            return;
        }
        if (c == 0xC2 && (unsigned char)value[1] < 0xA0) { /* the controls of Latin-1 */
            value++;
            c = ' ';
        }
        buffer_add_char(text, c < 0x20 || c == 0x7F ? ' ' : (char)c);
    }
}

static void add_bytes(struct buffer *text, double bytes)
{
    static const char *const UNITS[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;

    while (bytes >= 999.5 && unit < 4) {
        bytes /= 1000;
        unit++;
    }
    buffer_printf(text, unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, UNITS[unit]);
}

/* 2026-11-24T10:20:30.123Z as 2026-11-24 10:20:30Z. */
static void add_time(struct buffer *text, const char *value)
{
    if (strlen(value) < 20 || value[10] != 'T')
        add_plain(text, value, CELL_MOST);
    else
        buffer_printf(text, "%.10s %.8sZ", value, value + 11);
}

static void add_list(struct buffer *text, const json_t *value)
{
    size_t index;
    json_t *item;

    json_array_foreach(value, index, item)
    {
        buffer_add_text(text, index == 0 ? "" : ", ");
        table_add_cell(text, item, CELL_TEXT);
    }
}

static void add_number(struct buffer *text, double value)
{
    buffer_printf(text, fabs(value) >= 1e6 ? "%.0f" : "%.4g", value);
}

void table_add_cell(struct buffer *text, const json_t *value, enum cell form)
{
    if (value == NULL || json_is_null(value))
        buffer_add_char(text, '-');
    else if (json_is_string(value) && form == CELL_TIME)
        add_time(text, json_string_value(value));
    else if (json_is_string(value))
        add_plain(text, json_string_value(value), form == CELL_WHOLE ? SIZE_MAX : CELL_MOST);
    else if (json_is_number(value) && form == CELL_BYTES)
        add_bytes(text, json_number_value(value));
    else if (json_is_number(value) && form == CELL_PERCENT)
        buffer_printf(text, "%.0f %%", json_number_value(value));
    else if (json_is_integer(value))
        buffer_printf(text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        add_number(text, json_number_value(value));
    else if (json_is_boolean(value))
        buffer_add_text(text, json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value) && !json_is_object(json_array_get(value, 0)))
        add_list(text, value);
    else
        buffer_printf(text, "%zu",
                      json_is_array(value) ? json_array_size(value) : json_object_size(value));
}

static bool is_right(enum cell form, const json_t *value)
{
    return form == CELL_BYTES || form == CELL_PERCENT || json_is_number(value);
}

static void pad(struct buffer *text, size_t count)
{
    while (count-- > 0)
        buffer_add_char(text, ' ');
}

/* Adds a cell to a column of so many characters; nothing follows the last one. */
static void place(struct buffer *text, const char *cell, size_t room, bool right, bool last)
{
    size_t taken = width(cell, strlen(cell));
    size_t rest = taken < room ? room - taken : 0;

    if (right)
        pad(text, rest);
    buffer_add_text(text, cell);
    if (!last)
        pad(text, (right ? 0 : rest) + GAP);
}

static size_t cell_width(const struct column *column, const json_t *row)
{
    struct buffer cell = {0};
    size_t taken;

    table_add_cell(&cell, table_find(row, column->path), column->form);
    taken = cell.failed ? 0 : width(cell.data, cell.length);
    buffer_clear(&cell);
    return taken;
}

void table_add(struct buffer *text, const struct column *columns, const json_t *rows)
{
    size_t room[COLUMNS_MOST] = {0};
    bool right[COLUMNS_MOST] = {false};
    size_t count = 0;
    size_t index;
    json_t *row;

    for (; columns[count].title != NULL && count < COLUMNS_MOST; count++) {
        room[count] = strlen(columns[count].title);
        json_array_foreach(rows, index, row)
        {
            size_t taken = cell_width(&columns[count], row);

            room[count] = taken > room[count] ? taken : room[count];
            right[count] =
                right[count] || is_right(columns[count].form, table_find(row, columns[count].path));
        }
    }
    for (size_t at = 0; at < count; at++)
        place(text, columns[at].title, room[at], right[at], at + 1 == count);
    buffer_add_char(text, '\n');
    json_array_foreach(rows, index, row)
    {
        for (size_t at = 0; at < count; at++) {
            struct buffer cell = {0};

            table_add_cell(&cell, table_find(row, columns[at].path), columns[at].form);
            place(text, cell.failed || cell.data == NULL ? "" : cell.data, room[at], right[at],
                  at + 1 == count);
            buffer_clear(&cell);
        }
        buffer_add_char(text, '\n');
    }
}

void table_add_record(struct buffer *text, const struct column *columns, const json_t *object)
{
    size_t room = 0;

    for (size_t at = 0; columns[at].title != NULL; at++)
        if (strlen(columns[at].title) > room)
            room = strlen(columns[at].title);
    for (; columns->title != NULL; columns++) {
        const json_t *value = table_find(object, columns->path);

        if (value == NULL || json_is_null(value))
            continue;
        place(text, columns->title, room, false, false);
        table_add_cell(text, value, columns->form == CELL_TEXT ? CELL_WHOLE : columns->form);
        buffer_add_char(text, '\n');
    }
}
