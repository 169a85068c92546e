/* event_message.c - see event_message.h. */
#include "infra/relay/event_message.h"

#include "infra/store/events.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 192 };

bool event_send(struct producer *producer, const struct pg_rows *rows, size_t row,
                struct error *err)
{
    const char *entity = pg_text(rows, row, EVENT_ENTITY);
    const char *revision = pg_text(rows, row, EVENT_REVISION);
    const char *data = pg_text(rows, row, EVENT_DATA);
    const char *trace = pg_text(rows, row, EVENT_TRACEPARENT);
    char id[TEXT_BYTES];
    char source[TEXT_BYTES];
    char key[TEXT_BYTES];
    /* the same id whenever this revision is told again */
    const struct kafka_header headers[] = {{"ce_specversion", "1.0"},
                                           {"ce_id", id},
                                           {"ce_type", pg_text(rows, row, EVENT_TYPE)},
                                           {"ce_source", source},
                                           {"ce_subject", entity},
                                           {"ce_time", pg_text(rows, row, EVENT_AT)},
                                           {"ce_sequence", revision},
                                           {"content-type", "application/json"},
                                           {"ce_traceparent", trace}};
    struct kafka_message event = {.topic = "events",
                                  .key = key,
                                  .value = data,
                                  .length = strlen(data),
                                  .headers = headers,
                                  .headers_count =
                                      sizeof headers / sizeof *headers - (trace == NULL)};
    struct kafka_message state = event;

    snprintf(id, sizeof id, "evt_%.100s.%s", entity, revision);
    snprintf(source, sizeof source, "/trainyard/accounts/%.100s",
             pg_text(rows, row, EVENT_ACCOUNT));
    snprintf(key, sizeof key, "%.90s/%.90s", pg_text(rows, row, EVENT_ACCOUNT),
             pg_text(rows, row, EVENT_SUBJECT));
    state.topic = "state";
    state.key = entity;
    return producer_send(producer, &event, 0, err) && producer_send(producer, &state, 0, err);
}
