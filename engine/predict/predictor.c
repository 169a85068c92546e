/* predictor.c - see predictor.h. */
#include "engine/predict/predictor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/predict/artifact.h"
#include "engine/predict/encode.h"

struct predictor { /* all read-only after predictor_open */
    void *map;
    size_t size;
    struct artifact artifact;
    struct field *fields;
    const char **classes;
    struct answer *answers;
};

static bool map_file(struct predictor *predictor, const char *path, struct error *err)
{
    struct stat stat = {0};
    bool ok = false;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0 || fstat(file, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        error_set(err, ERROR_NOT_FOUND, "the model's artifact cannot be opened");
        error_detail(err, "%s: %s", path, file < 0 ? strerror(errno) : "not a file");
        goto cleanup;
    }
    predictor->size = (size_t)stat.st_size;
    if (predictor->size == 0) {
        error_set(err, ERROR_INTERNAL, "the model's artifact is empty");
        goto cleanup;
    }
    predictor->map = mmap(NULL, predictor->size, PROT_READ, MAP_PRIVATE, file, 0);
    if (predictor->map == MAP_FAILED) {
        predictor->map = NULL;
        error_no_memory(err);
        goto cleanup;
    }
    ok = true;

cleanup:
    if (file >= 0)
        close(file);
    return ok;
}

/* The records with pointers instead of references. */
static bool list_names(struct predictor *predictor, struct error *err)
{
    const struct artifact *a = &predictor->artifact;

    predictor->fields = calloc(a->encoder.fields_count + 1, sizeof *predictor->fields);
    predictor->classes = calloc(a->classes_count + 1, sizeof *predictor->classes);
    predictor->answers = calloc(a->answers_count + 1, sizeof *predictor->answers);
    if (predictor->fields == NULL || predictor->classes == NULL || predictor->answers == NULL)
        return error_no_memory(err);
    for (size_t i = 0; i < a->encoder.fields_count; i++) {
        const struct field_record *record = &a->encoder.fields[i];

        predictor->fields[i] = (struct field){.name = artifact_text(a, record->name),
                                              .type = (enum field_type)record->type,
                                              .required = record->required != 0};
    }
    for (size_t i = 0; i < a->classes_count; i++)
        predictor->classes[i] = artifact_text(a, a->classes[i]);
    for (size_t i = 0; i < a->answers_count; i++) {
        const struct answer_record *record = &a->answers[i];

        predictor->answers[i] = (struct answer){.name = artifact_text(a, record->name),
                                                .kind = (enum answer_kind)record->kind,
                                                .type = (enum field_type)record->type,
                                                .class_index = record->class_index};
    }
    return true;
}

struct predictor *predictor_open(const char *path, struct error *err)
{
    struct predictor *predictor = calloc(1, sizeof *predictor);

    if (predictor == NULL) {
        error_no_memory(err);
        return NULL;
    }
    if (!map_file(predictor, path, err) ||
        !artifact_check(predictor->map, predictor->size, &predictor->artifact, err) ||
        !list_names(predictor, err)) {
        predictor_free(predictor);
        return NULL;
    }
    return predictor;
}

void predictor_free(struct predictor *predictor)
{
    if (predictor == NULL)
        return;
    if (predictor->map != NULL)
        munmap(predictor->map, predictor->size);
    free(predictor->fields);
    free(predictor->classes);
    free(predictor->answers);
    free(predictor);
}

const struct field *predictor_fields(const struct predictor *predictor, size_t *count)
{
    *count = predictor->artifact.encoder.fields_count;
    return predictor->fields;
}

bool predictor_field_find(const struct predictor *predictor, const char *name, size_t length,
                          size_t *index)
{
    const struct artifact *a = &predictor->artifact;
    size_t mask = a->names_slots - 1;
    size_t at = (size_t)text_hash(name, length) & mask;

    for (size_t probes = 0; probes < a->names_slots; probes++) {
        uint32_t entry = a->names[(at + probes) & mask];

        if (entry == 0)
            return false;
        if (a->encoder.fields[entry - 1].name.length == length &&
            memcmp(predictor->fields[entry - 1].name, name, length) == 0) {
            *index = entry - 1;
            return true;
        }
    }
    return false;
}

enum task predictor_task(const struct predictor *predictor)
{
    return (enum task)predictor->artifact.model->task;
}

const char *predictor_target(const struct predictor *predictor)
{
    return artifact_text(&predictor->artifact, predictor->artifact.model->target);
}

enum field_type predictor_target_type(const struct predictor *predictor)
{
    return (enum field_type)predictor->artifact.model->target_type;
}

size_t predictor_outputs(const struct predictor *predictor)
{
    size_t classes = predictor->artifact.classes_count;

    return classes == 0 ? 1 : classes;
}

const char *const *predictor_classes(const struct predictor *predictor, size_t *count)
{
    *count = predictor->artifact.classes_count;
    return predictor->classes;
}

size_t predictor_positive_class(const struct predictor *predictor)
{
    return predictor->artifact.model->positive_class;
}

const struct answer *predictor_answers(const struct predictor *predictor, size_t *count)
{
    *count = predictor->artifact.answers_count;
    return predictor->answers;
}

size_t predictor_size_bytes(const struct predictor *predictor)
{
    return predictor->size;
}

const char *predictor_report(const struct predictor *predictor)
{
    return predictor->artifact.report;
}

bool predictor_category_known(const struct predictor *predictor, size_t field,
                              const struct value *value)
{
    const struct encoder *encoder = &predictor->artifact.encoder;

    if (value_is_missing(value))
        return true;
    for (size_t i = 0; i < encoder->features_count; i++)
        if (encoder->features[i].field == field && encoder->features[i].slots != 0)
            return encode_category(encoder, &encoder->features[i], value) != NULL;
    return true;
}

bool predictor_value_fits(const struct predictor *predictor, size_t field,
                          const struct value *value)
{
    double number;

    return predictor->fields[field].type == FIELD_STRING || value_is_missing(value) ||
           value_number(predictor->fields[field].type, value, &number);
}

void predictor_run_raw(const struct predictor *predictor, const struct value *row, double *out)
{
    const struct artifact *a = &predictor->artifact;
    double x[FEATURES_MAX];

    x[0] = 0.0; /* a forest of nothing but leaves has no features */
    encode_row(&a->encoder, row, x);
    forest_run(&a->forest, x, a->encoder.features_count, out);
}

void predictor_run(const struct predictor *predictor, const struct value *row, double *out)
{
    predictor_run_raw(predictor, row, out);
    forest_link(predictor_task(predictor), predictor->artifact.model->scores, out);
}
