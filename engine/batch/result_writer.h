/*
 * result_writer.h - writes the result file of a batch, line by line. One thread.
 */
#ifndef TRAINYARD_ENGINE_BATCH_RESULT_WRITER_H
#define TRAINYARD_ENGINE_BATCH_RESULT_WRITER_H

#include <stdio.h>

#include "engine/predict/result.h"

struct result_writer {
    struct result_form form;
    enum result_format format;
    const char *output;
    const char *scratch; /* of RESULT_PARQUET: its lines as CSV */
    FILE *file;
    struct buffer lines;
};

/* Opens the file. ERROR_UNAVAILABLE. Close with result_writer_close(). */
MUST_CHECK bool result_writer_open(struct result_writer *writer, struct error *err);

/* Adds a row: what predictor_run() wrote, or why there is nothing. ERROR_UNAVAILABLE. */
MUST_CHECK bool result_writer_add(struct result_writer *writer, const double *out,
                                  const char *problem, struct error *err);

/* Ends the file; a Parquet file is made here, within memory_bytes. */
MUST_CHECK bool result_writer_end(struct result_writer *writer, size_t memory_bytes,
                                  struct error *err);
void result_writer_close(struct result_writer *writer);

#endif
