/* follow.c - see follow.h. */
#include "api/cli/follow.h"

#include "api/cli/progress.h"
#include "infra/base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AGAIN_MS = 500, PATIENCE_MS = 120000 };

static bool end_event(struct event_reader *reader, event_found found, void *context)
{
    bool more = true;

    if (reader->data.length > 0)
        more = found(context, *reader->name == '\0' ? "message" : reader->name, reader->id,
                     reader->data.data);
    buffer_reset(&reader->data);
    reader->name[0] = '\0';
    return more;
}

static void read_line(struct event_reader *reader, const char *line)
{
    const char *colon = strchr(line, ':');
    size_t length = colon == NULL ? strlen(line) : (size_t)(colon - line);
    const char *value = colon == NULL ? "" : colon + 1 + (colon[1] == ' ');

    if (length == 4 && strncmp(line, "data", 4) == 0) {
        if (reader->data.length > 0)
            buffer_add_char(&reader->data, '\n');
        buffer_add_text(&reader->data, value);
    } else if (length == 5 && strncmp(line, "event", 5) == 0) {
        snprintf(reader->name, sizeof reader->name, "%s", value);
    } else if (length == 2 && strncmp(line, "id", 2) == 0) {
        snprintf(reader->id, sizeof reader->id, "%s", value);
    }
}

bool event_reader_feed(struct event_reader *reader, const char *bytes, size_t length,
                       event_found found, void *context)
{
    for (size_t at = 0; at < length; at++) {
        if (bytes[at] == '\r')
            continue;
        if (bytes[at] != '\n') {
            buffer_add_char(&reader->line, bytes[at]);
            continue;
        }
        if (reader->line.failed || reader->data.failed)
            return false;
        if (reader->line.length > 0)
            read_line(reader, reader->line.data);
        else if (!end_event(reader, found, context))
            return false;
        buffer_reset(&reader->line);
    }
    return true;
}

void event_reader_clear(struct event_reader *reader)
{
    buffer_clear(&reader->line);
    buffer_clear(&reader->data);
    *reader = (struct event_reader){0};
}

/* Who follows a job. */
struct follower {
    struct cli *cli;
    struct event_reader reader;
    struct progress progress;
    bool to_stdout;
    int least; /* the level */
    bool ended;
    bool heard;
};

static int rank(const char *level)
{
    return level == NULL || strcmp(level, "INFO") == 0 ? 0 : strcmp(level, "WARNING") == 0 ? 1 : 2;
}

static void add_line(struct buffer *text, const json_t *line, bool whole)
{
    const char *level = json_string_value(json_object_get(line, "level"));

    if (whole) {
        table_add_cell(text, json_object_get(line, "timestamp"), CELL_TIME);
        buffer_printf(text, " %-7s ", level == NULL ? "" : level);
    } else if (rank(level) > 0) {
        buffer_add_text(text, rank(level) == 1 ? "warning: " : "error: ");
    }
    table_add_cell(text, json_object_get(line, "message"), CELL_WHOLE);
}

static void show_line(struct follower *follower, const json_t *line, const char *data)
{
    const json_t *percent = json_object_get(line, "progress");
    struct buffer text = {0};

    if (!follower->to_stdout && json_is_integer(percent)) {
        progress_show(&follower->progress, (int)json_integer_value(percent),
                      json_string_value(json_object_get(line, "stage")));
        return;
    }
    if (rank(json_string_value(json_object_get(line, "level"))) < follower->least)
        return;
    if (follower->to_stdout && follower->cli->json)
        buffer_add_text(&text, data);
    else
        add_line(&text, line, follower->to_stdout);
    if (!text.failed)
        progress_say(&follower->progress, follower->to_stdout ? stdout : stderr, text.data);
    buffer_clear(&text);
}

static bool on_event(void *context, const char *name, const char *id, const char *data)
{
    struct follower *follower = context;
    json_t *json = json_loads(data, 0, NULL);

    (void)id;
    follower->heard = true;
    if (strcmp(name, "end") == 0)
        follower->ended = true;
    else if (json != NULL && strcmp(name, "log") == 0)
        show_line(follower, json, data);
    json_decref(json);
    return !follower->ended;
}

static bool on_bytes(void *context, const char *data, size_t length)
{
    struct follower *follower = context;

    return event_reader_feed(&follower->reader, data, length, on_event, follower);
}

static bool follow(struct follower *follower, const char *job_id, struct error *err)
{
    static const struct timespec AGAIN = {.tv_nsec = AGAIN_MS * 1000000L};
    int64_t patience_ms = clock_monotonic_ms() + PATIENCE_MS;
    bool ok = true;

    while (ok && !follower->ended) {
        struct buffer path = {0};

        client_path_query((buffer_add_text(&path, "/models/build-logs"), &path), "job_id", job_id);
        client_path_query(&path, "follow", "true");
        if (*follower->reader.id != '\0')
            client_path_query(&path, "last_event_id", follower->reader.id);
        follower->heard = false;
        ok = path.failed ? error_no_memory(err)
                         : client_stream(follower->cli->client, path.data, on_bytes, follower, err);
        buffer_clear(&path);
        buffer_reset(&follower->reader.line);
        buffer_reset(&follower->reader.data);
        if (follower->heard)
            patience_ms = clock_monotonic_ms() + PATIENCE_MS;
        if (!ok && err->code == ERROR_UNAVAILABLE && clock_monotonic_ms() < patience_ms)
            ok = true; /* an API that went away comes back, or another answers */
        if (ok && !follower->ended)
            nanosleep(&AGAIN, NULL);
    }
    progress_clear(&follower->progress);
    event_reader_clear(&follower->reader);
    return ok;
}

bool follow_job(struct cli *cli, const char *job_id, struct error *err)
{
    struct follower follower = {.cli = cli};

    progress_init(&follower.progress, stderr, cli->terminal, "");
    return follow(&follower, job_id, err);
}

bool cli_follow(struct cli *cli, const char *job_id, const char *level, struct error *err)
{
    struct follower follower = {.cli = cli, .to_stdout = true, .least = rank(level)};

    progress_init(&follower.progress, stderr, false, "");
    return follow(&follower, job_id, err);
}
