/*
 * log_text.h - a line of a build log as the API tells it. Any thread.
 */
#ifndef TRAINYARD_API_LOG_TEXT_H
#define TRAINYARD_API_LOG_TEXT_H

#include "infra/base/buffer.h"
#include "infra/store/log_lines.h"

/* Adds the line as a JSON object of one line. */
void log_text_add(struct buffer *buffer, const struct log_line *line);

/* Adds it as a server-sent event, whose id is RUN.SEQ. */
void log_text_add_event(struct buffer *buffer, const struct log_line *line);

/* Reads RUN.SEQ; false when text is none. */
bool log_text_read_id(const char *text, int *run, int *seq);

/* How grave a level is: INFO 0, WARNING 1, ERROR 2; -1: it is none. */
int log_text_rank(const char *level);

#endif
