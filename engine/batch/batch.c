/* batch.c - see batch.h. */
#include "engine/batch/batch.h"

#include <stdlib.h>
#include <string.h>

#include "engine/batch/result_writer.h"
#include "engine/batch/table_map.h"

enum { PROBLEM_SIZE = 240, PROBLEMS_TOLD = 10, READ_PERCENT = 95 };

static const size_t MEMORY_DEFAULT = (size_t)1 << 30;

struct batch {
    const struct batch_spec *spec;
    size_t memory_bytes;
    struct watch watch;
    struct predictor *predictor;
    struct source *sources;
    struct duck duck;
    struct result_writer writer;
    struct value *values;
    double *out;
    int64_t rows;
    int64_t failed_rows;
};

static bool predict_row(struct batch *batch, const struct table_map *map, duckdb_data_chunk chunk,
                        size_t row, struct error *err)
{
    char problem[PROBLEM_SIZE];

    batch->rows++;
    if (table_map_row(map, chunk, row, batch->values, problem, sizeof problem)) {
        predictor_run(batch->predictor, batch->values, batch->out);
        return result_writer_add(&batch->writer, batch->out, NULL, err);
    }
    if (batch->failed_rows++ < PROBLEMS_TOLD)
        watch_log(&batch->watch, BUILD_WARNING, "row %lld gets no prediction: %s",
                  (long long)batch->rows, problem);
    return result_writer_add(&batch->writer, NULL, problem, err);
}

static void tell_progress(struct batch *batch)
{
    int64_t rows = batch->spec->rows;

    if (rows > 0 && batch->rows < rows)
        watch_progress(&batch->watch, (int)(READ_PERCENT * batch->rows / rows), "predicting");
}

static bool predict_chunks(struct batch *batch, const struct table_map *map, duckdb_result result,
                           struct error *err)
{
    bool ok = true;

    while (ok) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        size_t count = chunk == NULL ? 0 : duckdb_data_chunk_get_size(chunk);

        if (chunk == NULL) {
            const char *message = duckdb_result_error(&result);

            return message == NULL || *message == '\0' || duck_fail(err, message);
        }
        for (size_t row = 0; ok && row < count; row++)
            ok = predict_row(batch, map, chunk, row, err);
        duckdb_destroy_data_chunk(&chunk);
        if (count == 0)
            break;
        tell_progress(batch);
        ok = ok && watch_go_on(&batch->watch, err);
    }
    return ok;
}

static bool predict_source(struct batch *batch, const struct source *source, struct error *err)
{
    struct table_map map;
    duckdb_result result;
    bool ok;

    if (!table_map_make(&map, batch->predictor, &batch->duck, source, &batch->watch, err))
        return false;
    ok = duck_stream(&batch->duck, map.query.data, &result, err);
    if (ok) {
        ok = predict_chunks(batch, &map, result, err);
        duckdb_destroy_result(&result);
    }
    table_map_clear(&map);
    return ok;
}

static bool open_sources(struct batch *batch, struct error *err)
{
    const struct batch_spec *spec = batch->spec;
    const char **paths = calloc(spec->files_count, sizeof *paths);
    bool ok = paths != NULL || error_no_memory(err);

    for (size_t at = 0; ok && at < spec->files_count; at++) {
        paths[at] = spec->files[at].path;
        ok = source_open(&spec->files[at], &batch->sources[at], err);
    }
    ok = ok && duck_open(&batch->duck, paths, spec->files_count, batch->memory_bytes / 2, err);
    free(paths);
    return ok;
}

static bool prepare(struct batch *batch, struct error *err)
{
    const struct batch_spec *spec = batch->spec;
    size_t fields;

    batch->predictor = predictor_open(spec->artifact, err);
    if (batch->predictor == NULL)
        return false;
    predictor_fields(batch->predictor, &fields);
    batch->values = calloc(fields + 1, sizeof *batch->values);
    batch->out = calloc(predictor_outputs(batch->predictor), sizeof *batch->out);
    batch->sources = calloc(spec->files_count + 1, sizeof *batch->sources);
    if (batch->values == NULL || batch->out == NULL || batch->sources == NULL)
        return error_no_memory(err);
    batch->writer = (struct result_writer){.form = {batch->predictor, spec->has_output_schema},
                                           .format = spec->format,
                                           .output = spec->output,
                                           .scratch = spec->scratch};
    return open_sources(batch, err) && result_writer_open(&batch->writer, err);
}

static bool run(struct batch *batch, struct error *err)
{
    for (size_t at = 0; at < batch->spec->files_count; at++)
        if (!predict_source(batch, &batch->sources[at], err))
            return false;
    if (batch->failed_rows > PROBLEMS_TOLD)
        watch_log(&batch->watch, BUILD_WARNING, "%lld rows of %lld get no prediction",
                  (long long)batch->failed_rows, (long long)batch->rows);
    watch_progress(&batch->watch, READ_PERCENT, "writing");
    return result_writer_end(&batch->writer, batch->memory_bytes / 2, err);
}

static char *make_report(const struct batch *batch, struct error *err)
{
    struct buffer text = {0};

    buffer_printf(&text, "{\"rows\":%lld,\"failed_rows\":%lld}", (long long)batch->rows,
                  (long long)batch->failed_rows);
    return buffer_take(&text, err);
}

bool batch_predict(const struct batch_spec *spec, const struct build_watch *watch, char **report,
                   struct error *err)
{
    struct batch batch = {.spec = spec};
    bool ok;

    *report = NULL;
    batch.memory_bytes = spec->memory_bytes == 0 ? MEMORY_DEFAULT : spec->memory_bytes;
    watch_init(&batch.watch, watch, 0);
    ok = prepare(&batch, err) && run(&batch, err) && (*report = make_report(&batch, err)) != NULL;
    result_writer_close(&batch.writer);
    duck_close(&batch.duck);
    for (size_t at = 0; batch.sources != NULL && at < spec->files_count; at++)
        source_clear(&batch.sources[at]);
    free(batch.sources);
    free(batch.out);
    free(batch.values);
    predictor_free(batch.predictor);
    return ok;
}
