/*
 * batch.h - predicts for all rows of table files, from an artifact to a result file.
 *
 * Rows are read, predicted and written as they come: memory does not grow with them. A row gets
 * what a single prediction gets, bit for bit; one that would be refused (a value that cannot be
 * read as its field's type, or that is required and missing) gets the reason and no prediction.
 * Runs in the calling thread.
 */
#ifndef TRAINYARD_ENGINE_BATCH_BATCH_H
#define TRAINYARD_ENGINE_BATCH_BATCH_H

#include "engine/predict/result.h"
#include "engine/train/build.h"

/* All borrowed. */
struct batch_spec {
    const char *artifact;
    bool has_output_schema;         /* the client gave one: answers have its fields alone */
    const struct build_file *files; /* rows one after another; columns are matched by name */
    size_t files_count;
    int64_t rows; /* how many there are, for the progress; 0: not known */
    enum result_format format;
    const char *output;  /* the file to write */
    const char *scratch; /* for RESULT_PARQUET: a file to write on the way */
    size_t memory_bytes;
};

/*
 * Writes the result and gives {"rows", "failed_rows"} as JSON text in *report, which the caller
 * frees. Errors: ERROR_VALIDATION (the table is at fault, such as a required column that is not
 * there), ERROR_CANCELLED (stopped said so), ERROR_UNAVAILABLE (cannot be written),
 * ERROR_NO_MEMORY, ERROR_INTERNAL.
 */
MUST_CHECK bool batch_predict(const struct batch_spec *spec, const struct build_watch *watch,
                              char **report, struct error *err);

#endif
