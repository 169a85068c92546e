/*
 * words.h - words of sentences and of column names, by their stems and kin. Pure; any thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_WORDS_H
#define TRAINYARD_ENGINE_TRAIN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORD_SIZE = 32, WORDS_MAX = 128 };

/* The words of a text, in lower case, cut at anything but letters and digits, and at CamelCase. */
struct words {
    char word[WORDS_MAX][WORD_SIZE];
    size_t count;
};

void words_split(const char *text, struct words *words);

/*
 * How much two words mean the same: 1 equal but for their endings (leave, leaving), 0.9 kin in
 * the table of synonyms (leave, churn), 0 otherwise.
 */
double words_likeness(const char *a, const char *b);

/* Whether a word carries no meaning of its own in a wish (predict, the, which, data ...). */
bool word_is_filler(const char *word);

/* Whether two names are the same but for case, blanks, dots, dashes and underscores. */
bool names_equal(const char *a, const char *b);

/* How many letters must change to make one name of the other (case does not count). */
size_t names_distance(const char *a, const char *b);

#endif
