/*
 * dictionary.h - numbers different texts 0, 1, 2 ... in the order they come. One thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_DICTIONARY_H
#define TRAINYARD_ENGINE_TRAIN_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

#include "infra/base/error.h"

enum { DICTIONARY_MOST = 1 << 30 }; /* texts */

/* Zeroed is empty. */
struct dictionary {
    char *bytes; /* the texts, each with a NUL */
    size_t bytes_length;
    size_t bytes_capacity;
    size_t *offsets;
    size_t count;
    size_t count_capacity;
    uint32_t *slots; /* number + 1; 0 is empty */
    size_t slots_count;
};

void dictionary_clear(struct dictionary *dictionary);

/* The number of a text, which is copied when it is new. */
MUST_CHECK bool dictionary_add(struct dictionary *dictionary, const char *text, size_t length,
                               uint32_t *number, struct error *err);

/* The text that has a number; still owned by the dictionary, until the next add. */
const char *dictionary_text(const struct dictionary *dictionary, uint32_t number, size_t *length);

#endif
