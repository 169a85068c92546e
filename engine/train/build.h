/*
 * build.h - from table files and a wish to an artifact.
 *
 * Runs in the calling thread and takes seconds to minutes. Equal specs and equal file contents
 * give equal artifacts, byte for byte, on any machine of one architecture, unless the clock
 * (timeout_s) cut the work. LightGBM keeps state of its own: one build at a time in a process.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_BUILD_H
#define TRAINYARD_ENGINE_TRAIN_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "infra/base/error.h"

enum build_level { BUILD_INFO, BUILD_WARNING, BUILD_ERROR };

struct build_file {
    const char *path;
    const char *name; /* the original file name, whose ending tells the format; may be NULL */
};

/* type: float, integer, string, boolean, date; also number, int, str, bool; NULL is any. */
struct schema_field {
    const char *name;
    const char *type;
};

/* The version that a retrain goes on from, as its report tells it. All borrowed. */
struct build_base {
    int version;
    const char *intent;               /* NULL: not known */
    const char *target;               /* the column it predicts */
    const char *task;                 /* binary, multiclass, regression */
    const struct schema_field *input; /* what it looks at */
    size_t input_count;
};

/* All borrowed. A text or list that is not given is NULL; a number, 0. */
struct build_spec {
    const struct build_file *files; /* with the same columns: rows one after another */
    size_t files_count;
    const char *intent; /* a sentence */
    const char *target; /* a column; else found from output schema and intent */
    const char *metric; /* such as roc_auc, accuracy, rmse */
    const struct schema_field *input;
    size_t input_count;
    const struct schema_field *output;
    size_t output_count;
    uint64_t seed;
    int max_iterations;  /* candidates tried at most */
    int timeout_s;       /* 0: none */
    size_t memory_bytes; /* about how much the build may use */
    /* A retrain: target and input are then the base's, whatever else is given; NULL: none. */
    const struct build_base *base;
};

/* Called from the building thread; each may be NULL. stopped is asked every boosting round. */
struct build_watch {
    void *context;
    void (*log)(void *context, enum build_level level, const char *message);
    void (*progress)(void *context, int percent, const char *stage); /* percent only rises */
    bool (*stopped)(void *context);
};

/*
 * Builds a model, writes the artifact to artifact_path (through a temporary file beside it, then a
 * rename) and gives its report as JSON text in *report, which the caller frees. Errors:
 * ERROR_VALIDATION (the data or the wish is at fault; the message says how to mend it),
 * ERROR_TOO_LARGE, ERROR_CANCELLED (stopped said so), ERROR_NO_MEMORY, ERROR_INTERNAL.
 */
MUST_CHECK bool build_model(const struct build_spec *spec, const struct build_watch *watch,
                            const char *artifact_path, char **report, struct error *err);

#endif
