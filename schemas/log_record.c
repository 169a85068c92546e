/* log_record.c - see log_record.h. */
#include "schemas/log_record.h"

#include "schemas/fields.h"

#include <string.h>

static const char *const LEVELS[] = {"INFO", "WARNING", "ERROR", NULL};

enum { ID_MOST = 256 };

static void add_text(struct buffer *buffer, const char *name, const char *text, size_t most)
{
    buffer_printf(buffer, ",\"%s\":", name);
    buffer_add_json(buffer, text, strnlen(text, most));
}

void log_record_encode(const struct log_record *record, struct buffer *buffer)
{
    buffer_printf(buffer, "{\"schema\":%d,\"run\":%d,\"seq\":%d,\"at_ms\":%lld", LOG_RECORD_SCHEMA,
                  record->run, record->seq, (long long)record->at_ms);
    add_text(buffer, "job_id", record->job_id, ID_MOST);
    add_text(buffer, "account", record->account, ID_MOST);
    add_text(buffer, "model", record->model, ID_MOST);
    add_text(buffer, "level", record->level, ID_MOST);
    add_text(buffer, "message", record->message, LOG_MESSAGE_BYTES);
    if (record->progress >= 0)
        buffer_printf(buffer, ",\"progress\":%d", record->progress);
    if (record->stage != NULL)
        add_text(buffer, "stage", record->stage, ID_MOST);
    buffer_add_char(buffer, '}');
}

static bool read_fields(struct log_record *record, struct error *err)
{
    struct fields fields = {.object = record->json};
    int level;
    bool ok;

    if (fields_int(&fields, "schema", REQUIRED, 1, INT64_MAX, 0) > LOG_RECORD_SCHEMA)
        fields_problem(&fields, "schema", "newer than this program knows: update it");
    record->job_id = fields_text(&fields, "job_id", REQUIRED, ID_MOST);
    record->run = (int)fields_int(&fields, "run", REQUIRED, 1, INT32_MAX, 1);
    record->seq = (int)fields_int(&fields, "seq", REQUIRED, 0, INT32_MAX, 0);
    record->account = fields_text(&fields, "account", REQUIRED, ID_MOST);
    record->model = fields_text(&fields, "model", OPTIONAL, ID_MOST);
    record->at_ms = fields_int(&fields, "at_ms", REQUIRED, 0, 253402300799999, 0);
    level = fields_choice(&fields, "level", REQUIRED, LEVELS, 0);
    record->level = LEVELS[level];
    record->message = fields_text(&fields, "message", OPTIONAL, 6 * LOG_MESSAGE_BYTES);
    record->progress = (int)fields_int(&fields, "progress", OPTIONAL, 0, 100, -1);
    record->stage = fields_text(&fields, "stage", OPTIONAL, ID_MOST);
    ok = fields_end_lenient(&fields, err);
    fields_clear(&fields);
    return ok;
}

bool log_record_decode(const char *text, size_t length, struct log_record *record,
                       struct error *err)
{
    *record = (struct log_record){0};
    record->json = json_parse(text, length, err);
    if (record->json == NULL || !read_fields(record, err)) {
        err->code = ERROR_VALIDATION;
        log_record_clear(record);
        return false;
    }
    if (record->model == NULL)
        record->model = "";
    if (record->message == NULL)
        record->message = "";
    return true;
}

void log_record_clear(struct log_record *record)
{
    json_decref(record->json);
    *record = (struct log_record){0};
}
