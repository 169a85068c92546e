/* dialect.c - see dialect.h. */
#include "api/dialect.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *part;
    enum dialect dialect;
} PREFIXES[] = {{"v1", DIALECT_TODAY}, {"v0", DIALECT_V0}};

/* Words that are another one in /v0; all others are the same in lower case. */
static const struct {
    const char *today, *v0;
} WORDS[] = {
    {"DRAFT", "pending"},
    {"BUILDING", "processing"},
    {"READY", "completed"},
    {"ERROR", "failed"},
};

/* What lists hold things with a status of ours; other arrays hold the client's own data. */
static const char *const LISTS[] = {"models", "versions", "deployments", "jobs"};

enum {
    PREFIXES_COUNT = sizeof PREFIXES / sizeof *PREFIXES,
    WORDS_COUNT = sizeof WORDS / sizeof *WORDS,
    LISTS_COUNT = sizeof LISTS / sizeof *LISTS,
    WORD_BYTES = 32
};

bool dialect_find(const char *part, enum dialect *dialect)
{
    for (size_t at = 0; at < PREFIXES_COUNT; at++) {
        if (strcmp(PREFIXES[at].part, part) == 0) {
            *dialect = PREFIXES[at].dialect;
            return true;
        }
    }
    return false;
}

static void speak_word(json_t *thing)
{
    const char *today = json_string_value(json_object_get(thing, "status"));
    char word[WORD_BYTES];

    if (today == NULL)
        return;
    snprintf(word, sizeof word, "%s", today);
    for (char *letter = word; *letter != '\0'; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    for (size_t at = 0; at < WORDS_COUNT; at++)
        if (strcmp(WORDS[at].today, today) == 0)
            strcpy(word, WORDS[at].v0);
    json_object_set_new(thing, "status", json_string(word));
}

void dialect_speak(enum dialect dialect, json_t *answer)
{
    if (dialect != DIALECT_V0)
        return;
    speak_word(answer);
    for (size_t at = 0; at < LISTS_COUNT; at++) {
        json_t *list = json_object_get(answer, LISTS[at]);

        for (size_t index = 0; index < json_array_size(list); index++)
            speak_word(json_array_get(list, index));
    }
}
