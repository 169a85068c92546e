/*
 * model.c - writes the small artifact that the fuzz targets infer_input and artifact start from:
 * fields of all types, two classes, an output schema. Run it again when the format changes.
 */
#include "engine/train/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 24 };

static void write_table(const char *path)
{
    static const char *const PLANS[] = {"basic", "gold", "d\xc3\xa9j\xc3\xa0 \"\"vu\"\""};
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fprintf(file, "age,price,plan,active,since,churn\n");
    for (int row = 0; row < ROWS; row++)
        fprintf(file, "%d,%s%.2f,\"%s\",%s,2024-%02d-%02d,%s\n", 20 + row * 7 % 50,
                row % 9 == 0 ? "-" : "", row * 1.25, PLANS[row % 3],
                row % 4 == 0 ? "true" : "false", 1 + row % 12, 1 + row % 28,
                row * 7 % 50 > 20 ? "yes" : "no");
    fclose(file);
}

int main(int count, char **arguments)
{
    char table[] = "/tmp/fuzz-model-XXXXXX";
    struct build_file file = {table, NULL};
    struct build_spec spec = {
        .files = &file, .files_count = 1, .intent = "predict churn", .max_iterations = 1};
    struct error err = {0};
    char *report = NULL;
    int made = count == 2 ? mkstemp(table) : -1;
    bool ok;

    if (made < 0) {
        fprintf(stderr, "usage: fuzz_model ARTIFACT\n");
        return EXIT_FAILURE;
    }
    close(made);
    write_table(table);
    ok = build_model(&spec, NULL, arguments[1], &report, &err);
    unlink(table);
    free(report);
    if (!ok)
        fprintf(stderr, "%s: %s\n", err.message, err.detail);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
