/* test_engine_artifact.c - no damage to an artifact does more than fail to open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/predict/artifact.h"
#include "tests/unit/engine/tables.h"

struct fixture {
    char *folder;
    char *data; /* a sound artifact, aligned */
    size_t size;
};

static int with_artifact(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct build_file file;
    struct build_spec spec = {
        .files = &file, .files_count = 1, .intent = "predict churn", .max_iterations = 1};
    struct error err = {0};
    char *report = NULL;
    FILE *model;

    f->folder = folder_new();
    file = (struct build_file){write_customers(f->folder, "c.csv", 400), NULL};
    if (!build_model(&spec, NULL, folder_path(f->folder, "m"), &report, &err))
        return -1;
    free(report);
    f->data = aligned_alloc(64, 4 << 20);
    model = fopen(folder_path(f->folder, "m"), "rb");
    f->size = fread(f->data, 1, 4 << 20, model);
    fclose(model);
    *state = f;
    return 0;
}

static int without_artifact(void **state)
{
    struct fixture *f = *state;

    folder_free(f->folder);
    free(f->data);
    free(f);
    return 0;
}

static bool opens(const struct fixture *f, size_t size)
{
    struct artifact artifact;
    struct error err = {0};

    if (artifact_check(f->data, size, &artifact, &err))
        return true;
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_true(err.message[0] != '\0');
    return false;
}

static void every_changed_byte_is_noticed(void **state)
{
    struct fixture *f = *state;
    size_t step = f->size > 20000 ? 7 : 1;

    assert_true(opens(f, f->size));
    for (size_t i = 0; i < f->size; i += i < sizeof(struct artifact_header) ? 1 : step) {
        f->data[i] = (char)(f->data[i] ^ (1 << i % 8));
        assert_false(opens(f, f->size));
        f->data[i] = (char)(f->data[i] ^ (1 << i % 8));
    }
    assert_true(opens(f, f->size));
}

static void every_cut_is_noticed(void **state)
{
    struct fixture *f = *state;

    for (size_t size = 0; size < f->size; size += size < 512 ? 1 : 61)
        assert_false(opens(f, size));
}

static void run_all(const struct artifact *artifact)
{
    struct value *row = calloc(artifact->encoder.fields_count + 1, sizeof *row);
    double *x = calloc(FEATURES_MAX, sizeof *x);
    double *out = calloc(OUTPUTS_MAX + 1, sizeof *out);

    for (size_t i = 0; i < artifact->encoder.fields_count; i++)
        row[i] = i % 2 == 0 ? (struct value){.kind = VALUE_NUMBER, .number = 3}
                            : (struct value){.kind = VALUE_TEXT, .text = "gold", .length = 4};
    encode_row(&artifact->encoder, row, x);
    forest_run(&artifact->forest, x, artifact->encoder.features_count, out);
    free(row);
    free(x);
    free(out);
}

/* Behind a right checksum, every damage is refused, or harmless to run. */
static void damage_behind_a_right_checksum_cannot_crash(void **state)
{
    static const unsigned char BYTES[] = {0xff, 0x80, 0x01, 0x7f};
    struct fixture *f = *state;
    struct artifact_header *header = (struct artifact_header *)f->data;
    size_t refused = 0;

    for (size_t i = 0; i < f->size; i += i < 12000 ? 1 : 13) {
        char before = f->data[i];
        uint64_t checksum = header->checksum;
        struct artifact artifact;
        struct error err = {0};

        f->data[i] = (char)(before ^ BYTES[i % 4]);
        header->checksum = artifact_checksum(f->data, f->size);
        if (artifact_check(f->data, f->size, &artifact, &err))
            run_all(&artifact);
        else
            refused++;
        f->data[i] = before;
        header->checksum = checksum;
    }
    assert_true(refused > 100);
    assert_true(opens(f, f->size));
}

static void files_that_are_no_artifact_are_refused(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    assert_null(predictor_open(folder_path(f->folder, "nothing"), &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_null(predictor_open(f->folder, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_null(predictor_open(folder_path(f->folder, "c.csv"), &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_null(predictor_open(folder_write(f->folder, "empty", "", 0), &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
    predictor_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(damage_behind_a_right_checksum_cannot_crash),
        cmocka_unit_test(files_that_are_no_artifact_are_refused),
    };

    return cmocka_run_group_tests(tests, with_artifact, without_artifact);
}
