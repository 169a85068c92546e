/* nearest.c - see nearest.h. */
#include "infra/base/nearest.h"

#include <string.h>

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many changes make a from b; three rows of the usual table are enough. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_BYTES + 1];
    size_t *before = rows[0]; /* two rows up, for what was swapped */
    size_t *above = rows[1];
    size_t *row = rows[2];
    size_t a_length = strnlen(a, NEAREST_BYTES);
    size_t b_length = strnlen(b, NEAREST_BYTES);

    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *oldest = before;

        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] =
                least_of(above[j - 1] + (a[i - 1] != b[j - 1]), least_of(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least_of(row[j], before[j - 2] + 1);
        }
    }
    return row[b_length];
}

const char *nearest_word(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t least = NEAREST_CHANGES_MOST + 1;

    for (size_t at = 0; at < count && words[at] != NULL; at++) {
        size_t far = distance(word, words[at]);

        if (far < least && far < strlen(words[at])) {
            least = far;
            best = words[at];
        }
    }
    return best;
}
