/* args.c - see args.h. */
#include "api/cli/args.h"

#include "infra/base/nearest.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 64 };

static const struct option_form COMMON[] = {
    {"--json", NULL, "prints the API's own JSON, for scripts", NULL},
    {"--url", "URL", "where Trainyard is (default: TRAINYARD_URL)", NULL},
    {"--key", "KEY", "the API key (default: TRAINYARD_API_KEY)", NULL},
    {NULL, NULL, NULL, NULL},
};

static bool unknown(const char *what, const char *word, const char *const *words, size_t count,
                    const char *noun, struct error *err)
{
    const char *near = nearest_word(word, words, count);

    return near == NULL
               ? error_set(err, ERROR_INVALID_REQUEST,
                           "there is no %s %.64s; see trainyard %s --help", what, word, noun)
               : error_set(err, ERROR_INVALID_REQUEST, "there is no %s %.64s; did you mean %s?",
                           what, word, near);
}

static bool find_verb(const struct noun *noun, int *count, char ***arguments,
                      const struct verb **verb, struct error *err)
{
    const char *names[NAMES_MOST];
    size_t names_count = 0;

    if (*noun->verbs->name == '\0') {
        *verb = noun->verbs;
        return true;
    }
    for (const struct verb *at = noun->verbs; at->name != NULL; at++) {
        if (*count > 0 && strcmp(at->name, **arguments) == 0) {
            *verb = at;
            --*count;
            ++*arguments;
            return true;
        }
        names[names_count++] = at->name;
    }
    if (*count == 0)
        return error_set(err, ERROR_INVALID_REQUEST, "say what to do; see trainyard %s --help",
                         noun->name);
    return unknown("command", **arguments, names, names_count, noun->name, err);
}

static const struct option_form *find_in(const struct option_form *options, const char *word,
                                         size_t length, const char **names, size_t *names_count)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (strlen(options->name) == length && strncmp(options->name, word, length) == 0)
            return options;
        if (options->alias != NULL && strcmp(options->alias, word) == 0)
            return options;
        if (*names_count < NAMES_MOST)
            names[(*names_count)++] = options->name;
    }
    return NULL;
}

/* Reads the option at arguments[*at], and its value. */
static bool read_option(const struct noun *noun, int count, char **arguments, int *at,
                        struct args *args, struct error *err)
{
    const char *word = arguments[*at];
    const char *equals = strchr(word, '=');
    size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
    const char *names[NAMES_MOST];
    size_t names_count = 0;
    const struct option_form *form =
        find_in(args->verb->options, word, length, names, &names_count);
    const char *value = equals == NULL ? NULL : equals + 1;

    if (form == NULL)
        form = find_in(COMMON, word, length, names, &names_count);
    if (form == NULL)
        return unknown("option", word, names, names_count, noun->name, err);
    if (form->value == NULL && value != NULL)
        return error_set(err, ERROR_INVALID_REQUEST, "the option %s takes no value", form->name);
    if (form->value != NULL && value == NULL) {
        if (*at + 1 == count)
            return error_set(err, ERROR_INVALID_REQUEST, "the option %s wants a value: %s",
                             form->name, form->value);
        value = arguments[++*at];
    }
    if (args->options_count == ARGS_OPTIONS_MOST)
        return error_set(err, ERROR_INVALID_REQUEST, "more than %d options", ARGS_OPTIONS_MOST);
    args->options[args->options_count].name = form->name;
    args->options[args->options_count++].value = value == NULL ? "" : value;
    return true;
}

static bool check_words(const struct noun *noun, const struct args *args, struct error *err)
{
    const struct verb *verb = args->verb;
    const char *space = *verb->name == '\0' ? "" : " ";

    if (args->words_count < verb->least)
        return error_set(err, ERROR_INVALID_REQUEST, "give %s: trainyard %s%s%s %s",
                         verb->arguments, noun->name, space, verb->name, verb->arguments);
    if (args->words_count > verb->most)
        return error_set(err, ERROR_INVALID_REQUEST, "%.64s is one argument too many: %s%s%s %s",
                         args->words[verb->most], noun->name, space, verb->name, verb->arguments);
    for (int at = 0; at < args->words_count; at++)
        if (*args->words[at] == '\0')
            return error_set(err, ERROR_INVALID_REQUEST, "an argument is empty: give %s",
                             verb->arguments);
    return true;
}

bool args_read(const struct noun *noun, int count, char **arguments, struct args *args,
               struct error *err)
{
    bool options_end = false;

    *args = (struct args){0};
    if (!find_verb(noun, &count, &arguments, &args->verb, err))
        return false;
    for (int at = 0; at < count; at++) {
        if (!options_end && strcmp(arguments[at], "--") == 0)
            options_end = true;
        else if (!options_end && arguments[at][0] == '-' && arguments[at][1] != '\0') {
            if (!read_option(noun, count, arguments, &at, args, err))
                return false;
        } else if (args->words_count == ARGS_WORDS_MOST)
            return error_set(err, ERROR_INVALID_REQUEST, "more than %d arguments", ARGS_WORDS_MOST);
        else
            args->words[args->words_count++] = arguments[at];
    }
    return check_words(noun, args, err);
}

const char *args_value(const struct args *args, const char *name, int index)
{
    for (int at = 0; at < args->options_count; at++)
        if (strcmp(args->options[at].name, name) == 0 && index-- == 0)
            return args->options[at].value;
    return NULL;
}

bool args_has(const struct args *args, const char *name)
{
    return args_value(args, name, 0) != NULL;
}

bool args_int(const struct args *args, const char *name, int64_t least, int64_t most,
              int64_t fallback, int64_t *value, struct error *err)
{
    const char *text = args_value(args, name, 0);
    char *end;

    *value = fallback;
    if (text == NULL)
        return true;
    *value = strtoll(text, &end, 10);
    return (*text != '\0' && *end == '\0' && *value >= least && *value <= most) ||
           error_set(err, ERROR_INVALID_REQUEST, "%s is '%.40s': give a whole number, %lld to %lld",
                     name, text, (long long)least, (long long)most);
}

bool args_word(const struct args *args, const char *name, const char *const *words,
               const char **value, struct error *err)
{
    char list[160] = "";
    size_t used = 0;

    *value = args_value(args, name, 0);
    if (*value == NULL)
        return true;
    for (size_t at = 0; words[at] != NULL && used < sizeof list; at++) {
        if (strcmp(words[at], *value) == 0)
            return true;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", at == 0 ? "" : ", ",
                                 words[at]);
    }
    return error_set(err, ERROR_INVALID_REQUEST, "%s is '%.40s': give one of %s", name, *value,
                     list);
}

static void print_options(const struct option_form *options, const char *indent, FILE *out)
{
    char form[64];

    for (; options != NULL && options->name != NULL; options++) {
        snprintf(form, sizeof form, "%s%s%s%s%s", options->alias == NULL ? "" : options->alias,
                 options->alias == NULL ? "" : ", ", options->name,
                 options->value == NULL ? "" : " ", options->value == NULL ? "" : options->value);
        fprintf(out, "%s%-26s %s\n", indent, form, options->help);
    }
}

void args_help(const struct noun *noun, FILE *out)
{
    fprintf(out, "trainyard %s - %s\n\n", noun->name, noun->help);
    for (const struct verb *verb = noun->verbs; verb->name != NULL; verb++) {
        fprintf(out, "  trainyard %s%s%s%s%s\n      %s\n", noun->name,
                *verb->name == '\0' ? "" : " ", verb->name, *verb->arguments == '\0' ? "" : " ",
                verb->arguments, verb->help);
        print_options(verb->options, "        ", out);
    }
    fprintf(out, "\nWith each of them:\n");
    print_options(COMMON, "  ", out);
}
