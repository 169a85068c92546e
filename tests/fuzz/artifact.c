/*
 * artifact.c - fuzz target: an artifact is refused, or harmless to run.
 *
 * Each input is looked at as it is, and once more with what guards it made right (magic, version,
 * size, checksum), so that the checks behind the guard are met too.
 */
#include "engine/predict/artifact.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE_MOST = 1 << 20 };

static const struct value ROWS[][4] = {
    {{.kind = VALUE_NUMBER, .number = 3},
     {.kind = VALUE_TEXT, .text = "gold", .length = 4},
     {.kind = VALUE_MISSING},
     {.kind = VALUE_TEXT, .text = "2024-02-29", .length = 10}},
    {{.kind = VALUE_TEXT, .text = "1e308", .length = 5},
     {.kind = VALUE_NUMBER, .number = -1e300},
     {.kind = VALUE_TEXT, .text = "true", .length = 4},
     {.kind = VALUE_NUMBER, .number = 0}},
};

static void run(const struct predictor *predictor, const struct value *values)
{
    size_t count;
    const struct field *fields = predictor_fields(predictor, &count);
    struct value *row = calloc(count + 1, sizeof *row);
    double *out = calloc(predictor_outputs(predictor), sizeof *out);
    size_t index;

    for (size_t at = 0; at < count; at++) {
        row[at] = values[at % 4];
        if (predictor_field_find(predictor, fields[at].name, strlen(fields[at].name), &index))
            FUZZ_REQUIRE(index < count);
        predictor_category_known(predictor, at, &row[at]);
        predictor_value_fits(predictor, at, &row[at]);
    }
    predictor_run(predictor, row, out);
    free(out);
    free(row);
}

/* Names are texts that end inside the file. */
static size_t look(const struct predictor *predictor)
{
    size_t count;
    const char *const *classes = predictor_classes(predictor, &count);
    size_t bytes = strlen(predictor_target(predictor)) + strlen(predictor_report(predictor));
    const struct answer *answers;

    for (size_t at = 0; at < count; at++)
        bytes += strlen(classes[at]);
    answers = predictor_answers(predictor, &count);
    for (size_t at = 0; at < count; at++)
        bytes += strlen(answers[at].name);
    return bytes;
}

/* As the API opens it: from a file. */
static void open_and_run(const void *data, size_t size)
{
    int file = memfd_create("artifact", MFD_CLOEXEC);
    struct predictor *predictor;
    struct error err = {0};
    char path[64];

    FUZZ_REQUIRE(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    predictor = predictor_open(path, &err);
    FUZZ_REQUIRE(predictor != NULL && look(predictor) < SIZE_MOST * 64u);
    run(predictor, ROWS[0]);
    run(predictor, ROWS[1]);
    predictor_free(predictor);
    close(file);
}

static void check(const void *data, size_t size)
{
    struct error err = {0};
    struct artifact artifact;

    if (artifact_check(data, size, &artifact, &err))
        open_and_run(data, size);
    else
        FUZZ_REQUIRE(err.code == ERROR_INTERNAL && err.message[0] != '\0');
}

/* Makes the guards right. */
static void guard(struct artifact_header *header, size_t size)
{
    memcpy(header->magic, ARTIFACT_MAGIC, sizeof header->magic);
    header->version = ARTIFACT_VERSION;
    header->sections = SECTIONS;
    header->size = size;
    header->checksum = artifact_checksum(header, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *copy;

    if (size == 0 || size > SIZE_MOST || posix_memalign(&copy, 64, size) != 0)
        return 0;
    memcpy(copy, data, size);
    check(copy, size);
    if (size >= sizeof(struct artifact_header)) {
        guard(copy, size);
        check(copy, size);
    }
    free(copy);
    return 0;
}
