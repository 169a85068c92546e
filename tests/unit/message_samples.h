/*
 * message_samples.h - a message of each kind as its codec writes it, and its reader.
 */
#ifndef TRAINYARD_TESTS_UNIT_MESSAGE_SAMPLES_H
#define TRAINYARD_TESTS_UNIT_MESSAGE_SAMPLES_H

#include "infra/base/error.h"

#include <jansson.h>

struct codec {
    const char *schema;        /* its file in schemas/messages */
    json_t *(*make)(bool all); /* all: with what may be left out; owned by the caller */
    bool (*reads)(const char *text, size_t length, struct error *err);
};

enum { CODECS_COUNT = 5 };
extern const struct codec CODECS[CODECS_COUNT];

/* JSON that must be sound; owned by the caller. */
json_t *sample_parse(const char *text, size_t length);

#endif
