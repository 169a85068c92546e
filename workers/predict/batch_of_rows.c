/* batch_of_rows.c - predicting for rows that the API has checked, see batch.h. */
#include "workers/predict/batch.h"

#include "engine/predict/result.h"
#include "engine/predict/rows.h"
#include "infra/blob/blob_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_BYTES = 64 * 1024, LOOK_EVERY = 256 };

/* The rows' file as bytes; NULL on failure. */
static void *map_rows(const char *path, size_t *size, struct error *err)
{
    struct stat stat;
    void *map = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &stat) == 0 && stat.st_size > 0) {
        *size = (size_t)stat.st_size;
        map = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (map == MAP_FAILED)
        blob_failure(err, "read", path);
    if (fd >= 0)
        close(fd);
    return map == MAP_FAILED ? NULL : map;
}

static bool predict_all(struct batch *batch, const struct result_form *form, struct rows *rows,
                        struct blob_writer *writer, struct error *err)
{
    struct value *values = calloc(rows->fields + 1, sizeof *values);
    double *out = calloc(predictor_outputs(form->predictor), sizeof *out);
    struct buffer lines = {0};
    bool ok = values != NULL && out != NULL;

    if (!ok)
        error_no_memory(err);
    while (ok && !rows_at_end(rows)) {
        if (batch->rows % LOOK_EVERY == 0 && run_stop_reason(batch->run) != RUN_GOES_ON) {
            ok = error_set(err, ERROR_CANCELLED, "stopped");
            break;
        }
        ok = rows_next(rows, values, err);
        if (!ok)
            break;
        predictor_run(form->predictor, values, out);
        result_add_json(&lines, form, out, rows->note, rows->note_length);
        batch->rows++;
        ok = blob_writer_drain(writer, &lines, WRITE_BYTES, err);
    }
    ok = ok && blob_writer_drain(writer, &lines, 0, err);
    buffer_clear(&lines);
    free(out);
    free(values);
    return ok;
}

static bool predict_to(struct batch *batch, struct blob_writer *writer, const char *path,
                       struct error *err)
{
    struct rows rows = {0};
    size_t size = 0;
    struct predictor *predictor = NULL;
    void *bytes = map_rows(path, &size, err);
    bool ok = bytes != NULL && (predictor = predictor_open(batch->artifact, err)) != NULL &&
              rows_open(&rows, bytes, size, predictor, err) &&
              predict_all(batch, &(struct result_form){predictor, batch->job.has_output_schema},
                          &rows, writer, err);

    predictor_free(predictor);
    if (bytes != NULL)
        munmap(bytes, size);
    return ok;
}

bool batch_of_rows(struct batch *batch, struct error *err)
{
    char path[BLOB_PATH_BYTES];
    struct blob_writer *writer;
    bool ok;

    if (!blobs_path(batch->services->blobs, batch->job.files[0].digest, path, err)) {
        if (err->code == ERROR_NOT_FOUND)
            error_set(err, ERROR_VALIDATION, "the rows of the job are gone: send them again");
        return false;
    }
    writer = blob_writer_new(batch->services->blobs, INT64_MAX, err);
    ok = writer != NULL && predict_to(batch, writer, path, err);
    if (ok) {
        batch->size_bytes = blob_writer_size(writer);
        ok = blob_writer_end(writer, batch->digest, err);
    }
    blob_writer_free(writer);
    return ok;
}
