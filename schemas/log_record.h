/*
 * log_record.h - the message of trainyard.logs: one line that a run of a job wrote.
 *
 * A line is known by (job, run, seq): seq counts 0, 1, 2 ... within a run. The form is described in
 * messages/log_record.schema.json.
 */
#ifndef TRAINYARD_SCHEMAS_LOG_RECORD_H
#define TRAINYARD_SCHEMAS_LOG_RECORD_H

#include "infra/base/buffer.h"
#include "infra/base/error.h"

#include <jansson.h>

enum { LOG_RECORD_SCHEMA = 1, LOG_MESSAGE_BYTES = 4096 };

/* Points into json, which the struct owns after decoding; clear with log_record_clear(). */
struct log_record {
    const char *job_id;
    int run;
    int seq;
    const char *account;
    const char *model; /* the model's name; "" when the job has none */
    int64_t at_ms;     /* since 1970 */
    const char *level; /* INFO, WARNING or ERROR */
    const char *message;
    int progress;      /* 0 to 100; -1: the line tells no progress */
    const char *stage; /* NULL: none */
    json_t *json;
};

/* Adds the message's text to buffer; longer messages than LOG_MESSAGE_BYTES are cut. */
void log_record_encode(const struct log_record *record, struct buffer *buffer);

MUST_CHECK bool log_record_decode(const char *text, size_t length, struct log_record *record,
                                  struct error *err);

void log_record_clear(struct log_record *record);

#endif
