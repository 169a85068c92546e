/* child_event.c - see child_event.h. */
#include "schemas/child_event.h"

#include "schemas/fields.h"

#include <string.h>

static const char *const KINDS[] = {"log", "progress", "report", "error", NULL};
static const char *const LEVELS[] = {"INFO", "WARNING", "ERROR", NULL};

enum { TEXT_MOST = 65536 };

static void add_text(struct buffer *line, const char *name, const char *text)
{
    buffer_printf(line, ",\"%s\":", name);
    buffer_add_json(line, text, strlen(text));
}

void child_event_encode(const struct child_event *event, struct buffer *line)
{
    buffer_printf(line, "{\"event\":\"%s\"", KINDS[event->kind]);
    if (event->kind == CHILD_LOG)
        add_text(line, "level", event->level);
    if (event->kind == CHILD_LOG || event->kind == CHILD_ERROR)
        add_text(line, "message", event->message);
    if (event->kind == CHILD_ERROR)
        add_text(line, "code", event->code);
    if (event->kind == CHILD_PROGRESS) {
        buffer_printf(line, ",\"percent\":%d", event->percent);
        add_text(line, "stage", event->stage);
    }
    if (event->kind == CHILD_REPORT)
        buffer_printf(line, ",\"report\":%s", event->report_text);
    buffer_add_text(line, "}\n");
}

static bool read_fields(struct child_event *event, struct error *err)
{
    struct fields fields = {.object = event->json};
    bool ok;

    event->kind =
        (enum child_event_kind)fields_choice(&fields, "event", REQUIRED, KINDS, CHILD_LOG);
    event->level = LEVELS[fields_choice(&fields, "level",
                                        event->kind == CHILD_LOG ? REQUIRED : OPTIONAL, LEVELS, 0)];
    event->message = fields_text(&fields, "message", OPTIONAL, TEXT_MOST);
    event->percent = (int)fields_int(
        &fields, "percent", event->kind == CHILD_PROGRESS ? REQUIRED : OPTIONAL, 0, 100, 0);
    event->stage = fields_text(&fields, "stage",
                               event->kind == CHILD_PROGRESS ? REQUIRED : OPTIONAL, TEXT_MOST);
    event->code =
        fields_text(&fields, "code", event->kind == CHILD_ERROR ? REQUIRED : OPTIONAL, TEXT_MOST);
    event->report =
        fields_object(&fields, "report", event->kind == CHILD_REPORT ? REQUIRED : OPTIONAL);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

bool child_event_decode(const char *line, size_t length, struct child_event *event,
                        struct error *err)
{
    *event = (struct child_event){0};
    event->json = json_parse(line, length, err);
    if (event->json == NULL || !read_fields(event, err)) {
        child_event_clear(event);
        return false;
    }
    if (event->message == NULL)
        event->message = "";
    return true;
}

void child_event_clear(struct child_event *event)
{
    json_decref(event->json);
    *event = (struct child_event){0};
}
