/* event_read.c - see event_read.h. */
#include "infra/relay/event_read.h"

#include "schemas/fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char TYPE_START[] = "trainyard.";
static const char SOURCE_START[] = "/trainyard/accounts/";

/* By enum event_kind: the word in the type, and the field of data that holds the entity's id. */
static const struct {
    const char *word;
    const char *id_field;
} KINDS[] = {
    [EVENT_OF_UPLOAD] = {"upload.", "upload_id"},
    [EVENT_OF_MODEL] = {"model.", "model_id"},
    [EVENT_OF_VERSION] = {"version.", "version_id"},
    [EVENT_OF_DEPLOYMENT] = {"deployment.", "deployment_id"},
    [EVENT_OF_JOB] = {"job.", "job_id"},
};

enum { KINDS_COUNT = sizeof KINDS / sizeof *KINDS };

static const char *find(const struct kafka_header *headers, size_t count, const char *name)
{
    for (size_t at = 0; at < count; at++)
        if (strcmp(headers[at].name, name) == 0)
            return headers[at].value;
    return NULL;
}

/* What follows start in text; NULL when it does not begin so, or nothing follows. */
static const char *after(const char *text, const char *start)
{
    size_t length = strlen(start);

    return text != NULL && strncmp(text, start, length) == 0 && text[length] != '\0' ? text + length
                                                                                     : NULL;
}

static bool read_type(const char *type, struct event *event, struct error *err)
{
    const char *rest = after(type, TYPE_START);

    for (int kind = 0; rest != NULL && kind < KINDS_COUNT; kind++) {
        event->change = after(rest, KINDS[kind].word);
        event->kind = (enum event_kind)kind;
        if (event->change != NULL)
            return true;
    }
    return error_set(err, ERROR_VALIDATION, "ce_type is '%.64s': no event of ours",
                     type == NULL ? "" : type);
}

static bool read_revision(const char *text, int64_t *revision, struct error *err)
{
    char *end = NULL;

    errno = 0;
    *revision = text == NULL || *text < '1' || *text > '9' ? 0 : strtoll(text, &end, 10);
    return (*revision > 0 && errno == 0 && *end == '\0') ||
           error_set(err, ERROR_VALIDATION, "ce_sequence is '%.32s': no revision",
                     text == NULL ? "" : text);
}

static bool check_id(const struct event *event, struct error *err)
{
    char wanted[192];

    snprintf(wanted, sizeof wanted, "evt_%.100s.%lld", event->entity, (long long)event->revision);
    return (event->id != NULL && strcmp(event->id, wanted) == 0) ||
           error_set(err, ERROR_VALIDATION, "ce_id is '%.64s', not %.100s",
                     event->id == NULL ? "" : event->id, wanted);
}

static bool check_data(struct event *event, struct error *err)
{
    const char *id = json_string_value(json_object_get(event->data, KINDS[event->kind].id_field));
    const json_t *revision = json_object_get(event->data, "revision");

    if (!json_is_object(event->data))
        return error_set(err, ERROR_VALIDATION, "the value of an event is no object");
    if (id == NULL || strcmp(id, event->entity) != 0)
        return error_set(err, ERROR_VALIDATION, "%s of the value is not ce_subject",
                         KINDS[event->kind].id_field);
    if (!json_is_integer(revision) || json_integer_value(revision) != event->revision)
        return error_set(err, ERROR_VALIDATION, "revision of the value is not ce_sequence");
    event->deleted = json_is_true(json_object_get(event->data, "deleted"));
    return true;
}

bool event_read(const struct kafka_header *headers, size_t headers_count, const char *value,
                size_t length, struct event *event, struct error *err)
{
    const char *version = find(headers, headers_count, "ce_specversion");

    *event = (struct event){
        .id = find(headers, headers_count, "ce_id"),
        .entity = find(headers, headers_count, "ce_subject"),
        .account = after(find(headers, headers_count, "ce_source"), SOURCE_START),
        .time = find(headers, headers_count, "ce_time"),
        .traceparent = find(headers, headers_count, "ce_traceparent"),
    };
    if (version == NULL || strcmp(version, "1.0") != 0)
        return error_set(err, ERROR_VALIDATION, "no CloudEvent 1.0 in binary mode");
    if (event->entity == NULL || event->account == NULL || event->time == NULL)
        return error_set(err, ERROR_VALIDATION, "ce_subject, ce_source or ce_time is missing");
    if (!read_type(find(headers, headers_count, "ce_type"), event, err) ||
        !read_revision(find(headers, headers_count, "ce_sequence"), &event->revision, err) ||
        !check_id(event, err))
        return false;
    event->data = value == NULL ? NULL : json_parse(value, length, err);
    if (value == NULL)
        return error_set(err, ERROR_VALIDATION, "the event has no value");
    if (event->data == NULL || !check_data(event, err)) {
        err->code = ERROR_VALIDATION;
        event_clear(event);
        return false;
    }
    return true;
}

void event_clear(struct event *event)
{
    json_decref(event->data);
    *event = (struct event){0};
}
