/*
 * progress.h - how far something is: a bar at a terminal, a line now and then elsewhere.
 */
#ifndef TRAINYARD_API_CLI_PROGRESS_H
#define TRAINYARD_API_CLI_PROGRESS_H

#include "infra/base/buffer.h"

#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *out;
    bool terminal;
    bool drawn; /* a bar stands on the line of the cursor */
    int told;   /* the percent that was told last; -1: none */
    char label[64];
    char stage[64];
    int64_t began_ms;
    int64_t drawn_ms;
    struct buffer bar;
};

/* Begins; label stands before the bar, "" for none. out is a terminal or not. */
void progress_init(struct progress *progress, FILE *out, bool terminal, const char *label);

/* percent from 0 to 100; stage is what is done just now, "" or NULL for nothing. */
void progress_show(struct progress *progress, int percent, const char *stage);

/* done of total bytes, with the rate since the beginning. total may be 0: not known. */
void progress_show_bytes(struct progress *progress, int64_t done, int64_t total);

/* Writes a line to file above the bar. */
void progress_say(struct progress *progress, FILE *file, const char *line);

/* Takes the bar away. */
void progress_clear(struct progress *progress);

/* The texts: "[####....]  50 % stage" and "12.3 of 45.6 MB, 8.1 MB/s". */
void progress_add_bar(struct buffer *text, int percent, const char *after);
void progress_add_bytes(struct buffer *text, int64_t done, int64_t total, int64_t took_ms);

#endif
