/*
 * nearest.h - the word that somebody meant who misspelt it. Pure; any thread.
 */
#ifndef TRAINYARD_INFRA_BASE_NEAREST_H
#define TRAINYARD_INFRA_BASE_NEAREST_H

#include <stddef.h>

enum { NEAREST_BYTES = 32, NEAREST_CHANGES_MOST = 3 };

/*
 * The one of count words (or as many as stand before a NULL) that is fewest changes away from word:
 * letters added, left out, replaced, or two neighbours swapped (optimal string alignment; see
 * Boytsov, "Indexing methods for approximate dictionary searching", 2011, section 2). Only the
 * first NEAREST_BYTES of a word count. NULL when all are further than NEAREST_CHANGES_MOST away, or
 * as far as they are long: then it is no misspelling.
 */
const char *nearest_word(const char *word, const char *const *words, size_t count);

#endif
