/*
 * headers.h - the headers of an outbox row, kept as a JSON object of strings.
 */
#ifndef TRAINYARD_INFRA_RELAY_HEADERS_H
#define TRAINYARD_INFRA_RELAY_HEADERS_H

#include "infra/kafka/producer.h"

#include <jansson.h>

enum { HEADERS_MOST = 16 };

/* Owns what the headers point into. */
struct header_texts {
    json_t *json;
};

/* Fills headers (HEADERS_MOST) from text; returns how many. Valid until headers_clear(). */
size_t headers_read(const char *text, struct kafka_header *headers, struct header_texts *texts);
void headers_clear(struct header_texts *texts);

#endif
