/*
 * args.h - the words of a command line: a noun, a verb, names, options.
 *
 * Nouns and verbs are tables; from them come the reading, the help, and the nearest word for one
 * that is misspelt. An option is given as --name VALUE or --name=VALUE; "--" ends the options.
 */
#ifndef TRAINYARD_API_CLI_ARGS_H
#define TRAINYARD_API_CLI_ARGS_H

#include "infra/base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cli;

struct option_form {
    const char *name;  /* --environment */
    const char *value; /* what stands for its value in help; NULL: it takes none */
    const char *help;
    const char *alias; /* such as -f; NULL: none */
};

struct verb {
    const char *name;      /* "": the noun alone is the command */
    const char *arguments; /* for help */
    int least, most;       /* how many arguments */
    const char *help;
    const struct option_form *options; /* ended by one without a name; NULL: none */
    bool (*run)(struct cli *cli, struct error *err);
};

struct noun {
    const char *name;
    const char *help;
    const struct verb *verbs; /* ended by one without a name */
};

enum { ARGS_WORDS_MOST = 64, ARGS_OPTIONS_MOST = 96 };

/* Points into the tables and the command line. */
struct args {
    const struct verb *verb;
    const char *words[ARGS_WORDS_MOST];
    int words_count;
    struct {
        const char *name;
        const char *value;
    } options[ARGS_OPTIONS_MOST];
    int options_count;
};

/* Reads what follows the noun. ERROR_INVALID_REQUEST says what is wrong, and what may be meant. */
MUST_CHECK bool args_read(const struct noun *noun, int count, char **arguments, struct args *args,
                          struct error *err);

/* The value of an option, NULL if it was not given; of several the index-th. */
const char *args_value(const struct args *args, const char *name, int index);
bool args_has(const struct args *args, const char *name);

/* A whole number; fallback when it was not given. */
MUST_CHECK bool args_int(const struct args *args, const char *name, int64_t least, int64_t most,
                         int64_t fallback, int64_t *value, struct error *err);

/* One of words (ended by NULL), or NULL when it was not given. */
MUST_CHECK bool args_word(const struct args *args, const char *name, const char *const *words,
                          const char **value, struct error *err);

/* The help of a noun. */
void args_help(const struct noun *noun, FILE *out);

#endif
