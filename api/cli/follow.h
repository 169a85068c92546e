/*
 * follow.h - the log of a job as it is written: server-sent events, taken up again when the
 * connection breaks.
 */
#ifndef TRAINYARD_API_CLI_FOLLOW_H
#define TRAINYARD_API_CLI_FOLLOW_H

#include "api/cli/cli.h"

/* An event as it is gathered from bytes. */
struct event_reader {
    struct buffer line;
    struct buffer data;
    char name[32];
    char id[32];
};

/* name is "message" where the stream gives none; false ends the reading. */
typedef bool (*event_found)(void *context, const char *name, const char *id, const char *data);

/* Reads bytes as they come, calling found for each whole event; false once found wants no more. */
bool event_reader_feed(struct event_reader *reader, const char *bytes, size_t length,
                       event_found found, void *context);
void event_reader_clear(struct event_reader *reader);

/* Shows lines and progress of a job on stderr until it ended. */
MUST_CHECK bool follow_job(struct cli *cli, const char *job_id, struct error *err);

#endif
