/* target.c - see target.h. */
#include "engine/train/target.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/train/source.h"
#include "engine/train/words.h"

static const double FOUND_LEAST = 0.35;  /* of a score: below it, no word speaks of the column */
static const double LATER_WEIGHT = 0.75; /* of words after the first that names a column */
static const double TIE_MOST = 0.06;     /* scores closer than this are as likely */

static const char *const ID_WORDS[] = {"id",  "uuid", "guid",       "key",    "index",   "no",
                                       "nr",  "num",  "number",     "serial", "row",     "rownum",
                                       "idx", "pk",   "identifier", "rowid",  "unnamed", "code"};

static const char *const USUAL[] = {"target", "label",    "class", "outcome",
                                    "y",      "response", "result"};

static bool named_as_id(const char *name)
{
    struct words words;

    words_split(name, &words);
    for (size_t i = 0; i < words.count; i++)
        for (size_t j = 0; j < sizeof ID_WORDS / sizeof *ID_WORDS; j++)
            if (strcmp(words.word[i], ID_WORDS[j]) == 0)
                return true;
    return false;
}

static bool counts_up(const struct column *column, size_t rows)
{
    for (size_t i = 1; i < rows; i++)
        if (!(column->numbers[i] - column->numbers[i - 1] == 1.0))
            return false;
    return true;
}

bool column_is_identifier(const struct table *table, size_t index, const char **why)
{
    const struct column *column = &table->columns[index];
    size_t known = table->rows - column->missing;

    if (known < ROWS_LEAST || column->unique < known)
        return false;
    if (column->type == FIELD_STRING) {
        *why = "an identifier: every row has its own text";
        return true;
    }
    if (column->type != FIELD_INTEGER)
        return false;
    if (named_as_id(column->name)) {
        *why = "an identifier: every row has its own number, and the name says so";
        return true;
    }
    *why = "an identifier: it counts the rows";
    return column->missing == 0 && counts_up(column, table->rows);
}

/* How far a word of the intent counts: what is predicted comes first, from what comes later. */
static double clause_weight(const char *word, double weight)
{
    static const char *const CAUSES[] = {"from", "using", "based", "given", "with", "by", "via"};
    static const char *const PLACES[] = {"in", "on", "at", "per", "for", "of", "during"};

    if (strcmp(word, "will") == 0 || strcmp(word, "would") == 0)
        return 1.0;
    for (size_t i = 0; i < sizeof CAUSES / sizeof *CAUSES; i++)
        if (strcmp(word, CAUSES[i]) == 0)
            return weight < 0.2 ? weight : 0.2;
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++)
        if (strcmp(word, PLACES[i]) == 0)
            return weight < 0.6 ? weight : 0.6;
    return weight;
}

/* How much a word of a wish and a word of a column's name are the same; column_words in all. */
static double likeness(const char *word, const char *other, size_t column_words)
{
    double like = words_likeness(word, other);

    if (word_is_filler(word)) /* a column that is named like one may be meant all the same */
        return like == 1.0 && column_words == 1 && strlen(word) > 3 ? 0.5 : 0;
    return like;
}

/* How well the words of a wish speak of a column; best is the wish's word that does most. */
static double score_name(const struct words *wish, const double *weights, const char *name,
                         const char **best)
{
    struct words column;
    double top = 0;
    double covered = 0;

    words_split(name, &column);
    for (size_t i = 0; i < wish->count; i++) {
        double most = 0;

        for (size_t j = 0; j < column.count; j++) {
            double like = likeness(wish->word[i], column.word[j], column.count);

            most = like > most ? like : most;
        }
        covered += most > 0 ? 1 : 0;
        if (most * weights[i] > top) {
            top = most * weights[i];
            *best = wish->word[i];
        }
    }
    if (column.count == 0)
        return 0;
    covered = covered > (double)column.count ? (double)column.count : covered;
    return top * (0.6 + 0.4 * covered / (double)column.count);
}

static bool is_input(const struct build_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->input_count; i++)
        if (names_equal(spec->input[i].name, name))
            return true;
    return false;
}

static bool can_be_target(const struct plan *plan, const struct build_spec *spec, size_t index)
{
    const struct column *column = &plan->table->columns[index];
    const char *why;

    return column->unique > 1 && !is_input(spec, column->name) &&
           !column_is_identifier(plan->table, index, &why) && column->type != FIELD_DATE;
}

/* Whether a column looks like something that a table was made to tell. */
static int shape_score(const struct plan *plan, size_t index)
{
    const struct column *column = &plan->table->columns[index];
    int score = 0;

    for (size_t i = 0; i < sizeof USUAL / sizeof *USUAL; i++)
        score += names_equal(column->name, USUAL[i]) ? 8 : 0;
    score += index + 1 == plan->table->columns_count ? 4 : index == 0 ? 1 : 0;
    score += column->unique == 2 ? 2 : 0;
    score += column->type == FIELD_STRING && column->unique > 2 && column->unique <= 20 ? 1 : 0;
    return score;
}

/* The likeliest columns by shape, as "a, b, c". */
static void list_likely(const struct plan *plan, const struct build_spec *spec, char *list,
                        size_t size)
{
    bool taken[COLUMNS_MAX] = {false};
    size_t used = 0;

    list[0] = '\0';
    for (int round = 0; round < 4; round++) {
        size_t best = plan->table->columns_count;

        for (size_t i = 0; i < plan->table->columns_count; i++)
            if (!taken[i] && can_be_target(plan, spec, i) &&
                (best == plan->table->columns_count ||
                 shape_score(plan, i) > shape_score(plan, best)))
                best = i;
        if (best == plan->table->columns_count || used + 30 > size)
            return;
        taken[best] = true;
        used += (size_t)snprintf(list + used, size - used, "%s%.24s", used == 0 ? "" : ", ",
                                 plan->table->columns[best].name);
    }
}

static bool choose(struct plan *plan, size_t column, const char *format, ...) PRINTF_LIKE(3, 4);

static bool choose(struct plan *plan, size_t column, const char *format, ...)
{
    va_list args;

    plan->target = column;
    va_start(args, format);
    vsnprintf(plan->target_reason, sizeof plan->target_reason, format, args);
    va_end(args);
    return true;
}

static bool not_found(const struct plan *plan, const struct build_spec *spec, struct error *err)
{
    char likely[120];

    list_likely(plan, spec, likely, sizeof likely);
    return error_set(err, ERROR_VALIDATION,
                     "cannot tell from the intent which column to predict: name it as the field of "
                     "output_schema, or in target%s%s",
                     likely[0] == '\0' ? "" : "; likely: ", likely);
}

static bool by_words(struct plan *plan, const struct build_spec *spec, const struct words *wish,
                     const char *where, bool *found, struct error *err);

/* A retrain predicts what its base predicts: a new goal that speaks of another column is told. */
static bool doubt_goal(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    struct build_spec free_spec = {.intent = spec->intent};
    struct plan other = {.table = plan->table};
    struct error ignored = {0};
    struct words wish;
    bool found = false;

    if (spec->base->intent == NULL || spec->intent == NULL ||
        strcmp(spec->base->intent, spec->intent) == 0)
        return true;
    words_split(spec->intent, &wish);
    if (!by_words(&other, &free_spec, &wish, "the goal", &found, &ignored) || !found ||
        other.target == plan->target)
        return true;
    return plan_note(&plan->warnings, err, plan->table->columns[other.target].name,
                     "the goal speaks of it, but a retrain goes on predicting %.60s: build "
                     "another model for it",
                     plan->table->columns[plan->target].name);
}

static bool by_target(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    size_t nearest = 0;

    for (size_t i = 0; i < plan->table->columns_count; i++) {
        const char *name = plan->table->columns[i].name;

        if (names_equal(name, spec->target))
            return spec->base == NULL ? choose(plan, i, "the request names it as the target")
                                      : choose(plan, i, "v%d.0 predicts it", spec->base->version) &&
                                            doubt_goal(plan, spec, err);
        if (names_distance(name, spec->target) <
            names_distance(plan->table->columns[nearest].name, spec->target))
            nearest = i;
    }
    return error_set(err, ERROR_VALIDATION,
                     "target: no column is named %.60s; the nearest is %.60s", spec->target,
                     plan->table->columns[nearest].name);
}

/* A field of the output schema that is a column. *found stays false when there is none. */
static bool by_output(struct plan *plan, const struct build_spec *spec, bool *found,
                      struct error *err)
{
    for (size_t i = 0; i < spec->output_count; i++) {
        for (size_t j = 0; j < plan->table->columns_count; j++) {
            const char *name = plan->table->columns[j].name;

            if (!names_equal(name, spec->output[i].name))
                continue;
            if (*found && plan->target != j)
                return error_set(err, ERROR_VALIDATION,
                                 "output_schema names two columns, %.50s and %.50s: a model "
                                 "predicts one; leave one out, or name it in target",
                                 plan->table->columns[plan->target].name, name);
            *found = choose(plan, j, "output_schema names it");
        }
    }
    return true;
}

/* Whether words may speak of a column; it may still turn out to be of no use. */
static bool can_be_meant(const struct plan *plan, const struct build_spec *spec, size_t index)
{
    const struct column *column = &plan->table->columns[index];
    const char *why;

    return !is_input(spec, column->name) && column->type != FIELD_DATE &&
           !column_is_identifier(plan->table, index, &why);
}

static bool speaks_of_any(const struct plan *plan, const struct build_spec *spec, const char *word)
{
    for (size_t i = 0; i < plan->table->columns_count; i++) {
        struct words column;

        words_split(plan->table->columns[i].name, &column);
        for (size_t j = 0; j < column.count; j++)
            if (likeness(word, column.word[j], column.count) >= 0.9)
                return can_be_meant(plan, spec, i);
    }
    return false;
}

/* What a sentence names first is what it is about: the words after it count for less. */
static void weigh_words(const struct plan *plan, const struct build_spec *spec,
                        const struct words *wish, double weights[WORDS_MAX])
{
    double clause = 1.0;
    double later = 1.0;

    for (size_t i = 0; i < wish->count; i++) {
        clause = clause_weight(wish->word[i], clause);
        weights[i] = clause * later;
        if (later == 1.0 && clause == 1.0 && speaks_of_any(plan, spec, wish->word[i]))
            later = LATER_WEIGHT;
    }
}

/* Scores all columns by the words of a wish; two as likely are an error. */
static bool by_words(struct plan *plan, const struct build_spec *spec, const struct words *wish,
                     const char *where, bool *found, struct error *err)
{
    double weights[WORDS_MAX];
    double best_score = 0;
    double second_score = 0;
    size_t best = 0;
    size_t second = 0;
    const char *best_word = "";

    weigh_words(plan, spec, wish, weights);
    for (size_t i = 0; i < plan->table->columns_count; i++) {
        const char *word = "";
        double score = score_name(wish, weights, plan->table->columns[i].name, &word);

        if (!can_be_meant(plan, spec, i))
            continue;
        if (score > best_score) {
            second_score = best_score;
            second = best;
            best_score = score;
            best = i;
            best_word = word;
        } else if (score > second_score) {
            second_score = score;
            second = i;
        }
    }
    if (best_score < FOUND_LEAST)
        return true;
    if (best_score - second_score < TIE_MOST)
        return error_set(err, ERROR_VALIDATION,
                         "%s may mean %.50s or %.50s: name the one to predict as the field of "
                         "output_schema, or in target",
                         where, plan->table->columns[best].name, plan->table->columns[second].name);
    *found = choose(plan, best, "%s says \"%s\"", where, best_word);
    return true;
}

static bool by_schemas(struct plan *plan, const struct build_spec *spec, bool *found,
                       struct error *err)
{
    for (size_t i = 0; i < spec->output_count && !*found; i++) {
        struct words words;

        words_split(spec->output[i].name, &words);
        if (!by_words(plan, spec, &words, "output_schema", found, err))
            return false;
    }
    return true;
}

/* The only column that could be it since the input schema has all the others. */
static bool by_rest(struct plan *plan, const struct build_spec *spec)
{
    size_t rest = 0;
    size_t last = 0;

    for (size_t i = 0; spec->input_count > 0 && i < plan->table->columns_count; i++) {
        if (can_be_target(plan, spec, i)) {
            rest++;
            last = i;
        }
    }
    return rest == 1 && choose(plan, last, "it is the one column that input_schema leaves out");
}

static bool says_nothing(const struct words *wish)
{
    for (size_t i = 0; i < wish->count; i++)
        if (!word_is_filler(wish->word[i]))
            return false;
    return true;
}

/* Nothing is asked for by name: neither by the intent nor by the output schema. */
static bool names_nothing(const struct build_spec *spec, const struct words *wish)
{
    for (size_t i = 0; i < spec->output_count; i++) {
        struct words words;

        words_split(spec->output[i].name, &words);
        if (!says_nothing(&words))
            return false;
    }
    return says_nothing(wish);
}

/* By name or place; both are guesses, and said to be. */
static bool by_shape(struct plan *plan, const struct build_spec *spec, const struct words *wish)
{
    size_t last = plan->table->columns_count - 1;

    for (size_t i = 0; i < plan->table->columns_count; i++)
        for (size_t j = 0; j < sizeof USUAL / sizeof *USUAL; j++)
            if (names_equal(plan->table->columns[i].name, USUAL[j]) && can_be_target(plan, spec, i))
                return choose(plan, i, "a guess: its name is one that targets usually have");
    return names_nothing(spec, wish) && can_be_target(plan, spec, last) &&
           choose(plan, last, "a guess: it is the last column, and the intent names none");
}

bool target_find(struct plan *plan, const struct build_spec *spec, struct error *err)
{
    struct words wish;
    bool found = false;

    words_split(spec->intent == NULL ? "" : spec->intent, &wish);
    if (spec->target != NULL && *spec->target != '\0')
        return by_target(plan, spec, err);
    if (!by_output(plan, spec, &found, err))
        return false;
    if (!found && !by_schemas(plan, spec, &found, err))
        return false;
    if (!found && !by_words(plan, spec, &wish, "the intent", &found, err))
        return false;
    if (found || by_rest(plan, spec))
        return true;
    if (!by_shape(plan, spec, &wish))
        return not_found(plan, spec, err);
    return plan_note(&plan->warnings, err, plan->table->columns[plan->target].name,
                     "the target is %s; if it is not %.60s, name the right column in target",
                     plan->target_reason, plan->table->columns[plan->target].name);
}
