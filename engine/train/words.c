/* words.c - see words.h. */
#include "engine/train/words.h"

#include <ctype.h>
#include <string.h>

/* Words of one line mean the same as targets. Stems are compared, so one form is enough. */
static const char *const KIN[][12] = {
    {"churn", "leave", "attrition", "cancel", "quit", "churner", "exit", "unsubscribe", "retention",
     "left", "stay"},
    {"price", "cost", "value", "worth", "amount", "fee"},
    {"survive", "die", "died", "dies", "death", "mortality", "alive", "decease", "dead",
     "survival"},
    {"fraud", "fraudulent", "scam", "suspicious"},
    {"default", "repay", "delinquent", "bad"},
    {"risk", "risky", "creditworthy", "creditworthiness"},
    {"income", "salary", "wage", "earn", "earning", "pay"},
    {"sale", "revenue", "sell", "turnover", "sold"},
    {"species", "kind", "class", "type", "category", "variety"},
    {"spam", "junk"},
    {"rating", "score", "star", "grade"},
    {"diagnosis", "disease", "sick", "illness", "ill"},
    {"demand", "count", "number", "quantity", "rent", "rental"},
    {"bike", "biker", "bicycle", "cyclist"},
    {"convert", "conversion", "buy", "purchase", "bought"},
    {"click", "ctr", "clickthrough"},
    {"fail", "failure", "broken", "breakdown", "fault"},
    {"duration", "time", "long"},
    {"approve", "approval", "accept", "grant"},
    {"hour", "hr"},
    {"weather", "conditions"},
};

static const char *const FILLERS[] = {
    "a",
    "about",
    "all",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "automatically",
    "be",
    "best",
    "big",
    "build",
    "by",
    "calculate",
    "can",
    "class",
    "classification",
    "classifier",
    "classify",
    "create",
    "data",
    "dataset",
    "detect",
    "determine",
    "did",
    "do",
    "does",
    "each",
    "estimate",
    "every",
    "find",
    "for",
    "forecast",
    "from",
    "future",
    "get",
    "give",
    "given",
    "good",
    "guess",
    "has",
    "have",
    "how",
    "i",
    "identify",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "kind",
    "learn",
    "like",
    "likely",
    "likelihood",
    "machine",
    "make",
    "many",
    "me",
    "model",
    "much",
    "my",
    "need",
    "new",
    "of",
    "on",
    "one",
    "or",
    "our",
    "out",
    "please",
    "predict",
    "predicting",
    "prediction",
    "predictor",
    "probability",
    "probable",
    "regression",
    "regressor",
    "row",
    "rows",
    "some",
    "something",
    "table",
    "target",
    "tell",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "they",
    "thing",
    "this",
    "those",
    "to",
    "train",
    "us",
    "use",
    "using",
    "want",
    "was",
    "we",
    "were",
    "what",
    "when",
    "whether",
    "which",
    "who",
    "whose",
    "will",
    "with",
    "would",
    "you",
    "label",
    "outcome",
    "column",
    "ai",
    "ml",
};

void words_split(const char *text, struct words *words)
{
    size_t used = 0;
    char before = ' ';

    words->count = 0;
    for (const char *c = text;; c++) {
        bool letter = isalnum((unsigned char)*c) || (unsigned char)*c >= 0x80;
        bool hump = isupper((unsigned char)*c) && islower((unsigned char)before);

        if (used > 0 && (!letter || hump)) {
            words->word[words->count++][used] = '\0';
            used = 0;
        }
        if (*c == '\0' || words->count == WORDS_MAX)
            return;
        if (letter && used + 1 < WORD_SIZE)
            words->word[words->count][used++] = (char)tolower((unsigned char)*c);
        before = *c;
    }
}

static bool drop(char *word, size_t *length, const char *ending, size_t least, const char *instead)
{
    size_t size = strlen(ending);

    if (*length < size + least || strcmp(word + *length - size, ending) != 0)
        return false;
    strcpy(word + *length - size, instead); /* never longer than the ending */
    *length = strlen(word);
    return true;
}

/* A rough stem: plural, -ing, -ed, -er, a last e. Both sides go through it, so rough is enough. */
static void stem(const char *word, char out[WORD_SIZE])
{
    size_t length = strlen(word);

    memcpy(out, word, length + 1);
    if (!drop(out, &length, "ies", 2, "y") && !drop(out, &length, "sses", 1, "ss") &&
        !(length > 2 && strcmp(out + length - 2, "ss") == 0) &&
        !(length > 2 && strcmp(out + length - 2, "us") == 0))
        drop(out, &length, "s", 3, "");
    if (drop(out, &length, "ing", 3, "") || drop(out, &length, "ed", 3, "") ||
        drop(out, &length, "er", 3, "")) {
        if (length > 3 && out[length - 1] == out[length - 2])
            out[--length] = '\0';
    }
    drop(out, &length, "e", 3, "");
}

static bool same_stem(const char *a, const char *b)
{
    char left[WORD_SIZE];
    char right[WORD_SIZE];

    stem(a, left);
    stem(b, right);
    return strcmp(left, right) == 0;
}

static bool in_line(const char *const *line, const char *word)
{
    for (size_t i = 0; i < 12 && line[i] != NULL; i++)
        if (same_stem(line[i], word))
            return true;
    return false;
}

double words_likeness(const char *a, const char *b)
{
    if (strcmp(a, b) == 0 || same_stem(a, b))
        return 1.0;
    for (size_t i = 0; i < sizeof KIN / sizeof *KIN; i++)
        if (in_line(KIN[i], a) && in_line(KIN[i], b))
            return 0.9;
    return 0.0;
}

bool word_is_filler(const char *word)
{
    for (size_t i = 0; i < sizeof FILLERS / sizeof *FILLERS; i++)
        if (strcmp(FILLERS[i], word) == 0)
            return true;
    return false;
}

static bool is_joint(char c)
{
    return c == ' ' || c == '_' || c == '-' || c == '.';
}

bool names_equal(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (is_joint(*a))
            a++;
        while (is_joint(*b))
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (*a == '\0')
            return true;
    }
}

size_t names_distance(const char *a, const char *b)
{
    enum { MOST = 63 };
    size_t row[MOST + 1];
    size_t length_a = strnlen(a, MOST);
    size_t length_b = strnlen(b, MOST);

    for (size_t j = 0; j <= length_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t above = row[j];
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            size_t best = diagonal + (same ? 0 : 1);

            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[length_b];
}
