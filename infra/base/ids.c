/* ids.c - see ids.h. */
#include "infra/base/ids.h"

#include "infra/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Crockford's alphabet: no i, l, o, u, which are easily misread. Ascending, so that text sorts. */
static const char ALPHABET[33] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { HALF = 10, BITS = 5 };

static void put(char *text, uint64_t value)
{
    for (int at = HALF - 1; at >= 0; at--) {
        text[at] = ALPHABET[value & 31];
        value >>= BITS;
    }
}

struct id id_new(const char *prefix)
{
    struct id id;
    uint64_t random;
    char digits[2 * HALF + 1] = {0};

    random_bytes(&random, sizeof random);
    put(digits, (uint64_t)clock_wall_ms());
    put(digits + HALF, random);
    snprintf(id.text, sizeof id.text, "%s_%s", prefix, digits);
    return id;
}

bool id_is(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    if (strncmp(text, prefix, length) != 0 || text[length] != '_')
        return false;
    text += length + 1;
    return strlen(text) == 2 * HALF && strspn(text, ALPHABET) == 2 * HALF;
}

void random_bytes(void *bytes, size_t size)
{
    unsigned char *at = bytes;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got < 0)
            abort(); /* only with a kernel that has no getrandom: nothing can be kept secret there
                      */
        at += got;
        size -= (size_t)got;
    }
}

double random_unit(void)
{
    uint64_t random;

    random_bytes(&random, sizeof random);
    return (double)(random >> 11) * 0x1.0p-53;
}

void random_text(char *text, size_t count)
{
    random_bytes(text, count);
    for (size_t at = 0; at < count; at++)
        text[at] = ALPHABET[text[at] & 31];
    text[count] = '\0';
}
