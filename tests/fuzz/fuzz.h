/*
 * fuzz.h - what the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput; whatever
 * bytes it is given, it returns, or the program has a mistake.
 */
#ifndef TRAINYARD_TESTS_FUZZ_FUZZ_H
#define TRAINYARD_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Always 0. data is of exactly size bytes: no NUL stands behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert(), also in a release build: libFuzzer keeps the input that made it fail. */
#define FUZZ_REQUIRE(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
