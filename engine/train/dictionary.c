/* dictionary.c - see dictionary.h. */
#include "engine/train/dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "engine/predict/format.h"

void dictionary_clear(struct dictionary *dictionary)
{
    free(dictionary->bytes);
    free(dictionary->offsets);
    free(dictionary->slots);
    *dictionary = (struct dictionary){0};
}

const char *dictionary_text(const struct dictionary *dictionary, uint32_t number, size_t *length)
{
    size_t end =
        number + 1 < dictionary->count ? dictionary->offsets[number + 1] : dictionary->bytes_length;

    *length = end - dictionary->offsets[number] - 1;
    return dictionary->bytes + dictionary->offsets[number];
}

/* The slot that has the text, or the empty one where it belongs. */
static uint32_t *find_slot(const struct dictionary *dictionary, const char *text, size_t length)
{
    size_t mask = dictionary->slots_count - 1;
    size_t at = (size_t)text_hash(text, length) & mask;

    for (;; at = (at + 1) & mask) {
        uint32_t entry = dictionary->slots[at];
        const char *other;
        size_t other_length;

        if (entry == 0)
            return &dictionary->slots[at];
        other = dictionary_text(dictionary, entry - 1, &other_length);
        if (other_length == length && memcmp(other, text, length) == 0)
            return &dictionary->slots[at];
    }
}

static bool grow_slots(struct dictionary *dictionary)
{
    size_t count = dictionary->slots_count == 0 ? 64 : dictionary->slots_count * 2;
    uint32_t *slots = calloc(count, sizeof *slots);

    if (slots == NULL)
        return false;
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->slots_count = count;
    for (size_t i = 0; i < dictionary->count; i++) {
        size_t length;
        const char *text = dictionary_text(dictionary, (uint32_t)i, &length);

        *find_slot(dictionary, text, length) = (uint32_t)i + 1;
    }
    return true;
}

static bool grow_texts(struct dictionary *dictionary, size_t length)
{
    if (dictionary->count == dictionary->count_capacity) {
        size_t capacity = dictionary->count_capacity == 0 ? 32 : dictionary->count_capacity * 2;
        size_t *offsets = realloc(dictionary->offsets, capacity * sizeof *offsets);

        if (offsets == NULL)
            return false;
        dictionary->offsets = offsets;
        dictionary->count_capacity = capacity;
    }
    if (dictionary->bytes_length + length + 1 > dictionary->bytes_capacity) {
        size_t capacity = (dictionary->bytes_length + length + 1) * 2;
        char *bytes = realloc(dictionary->bytes, capacity);

        if (bytes == NULL)
            return false;
        dictionary->bytes = bytes;
        dictionary->bytes_capacity = capacity;
    }
    return true;
}

bool dictionary_add(struct dictionary *dictionary, const char *text, size_t length,
                    uint32_t *number, struct error *err)
{
    uint32_t *slot;

    if (dictionary->count * 2 >= dictionary->slots_count && !grow_slots(dictionary))
        return error_no_memory(err);
    slot = find_slot(dictionary, text, length);
    if (*slot != 0) {
        *number = *slot - 1;
        return true;
    }
    if (dictionary->count >= DICTIONARY_MOST || !grow_texts(dictionary, length))
        return error_no_memory(err);
    dictionary->offsets[dictionary->count] = dictionary->bytes_length;
    if (length > 0)
        memcpy(dictionary->bytes + dictionary->bytes_length, text, length);
    dictionary->bytes[dictionary->bytes_length + length] = '\0';
    dictionary->bytes_length += length + 1;
    *number = (uint32_t)dictionary->count++;
    *slot = *number + 1;
    return true;
}
