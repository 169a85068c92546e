/*
 * spoken.h - the ports of the API in this process, spoken to over sockets. A failure fails the
 * test.
 */
#ifndef TRAINYARD_TESTS_INTEGRATION_SPOKEN_H
#define TRAINYARD_TESTS_INTEGRATION_SPOKEN_H

#include "api/services.h"
#include "infra/base/config.h"
#include "infra/base/ids.h"
#include "infra/store/keys.h"
#include "tests/integration/support.h"

#include <jansson.h>

enum {
    PATIENCE_S = 20,
    ANSWER_BYTES = 65536,
    MOST_BODY_KB = 64, /* these two: what the ports are set to */
    MOST_CONNECTIONS = 8
};

struct spoken {
    struct support s;
    char dir[64];
    char key[KEY_BYTES];
    char reader[KEY_BYTES]; /* a key that may only read */
    struct id key_id;
    struct config config;
    struct services services;
    char answer[ANSWER_BYTES];
    int status;
    json_t *json; /* of the last answer; NULL: it was none */
};

/* Of a test's state, a struct spoken. */
int spoken_setup(void **state);
int spoken_teardown(void **state);

/* A connection to a port of this machine; close it. */
int spoken_dial(int port);
void spoken_say(int fd, const char *text);
/* Reads the answer to its end and takes it apart; closes fd. */
void spoken_hear_take(struct spoken *f, int fd);

/* One request with a key; the answer is then in f. */
void spoken_ask_port(struct spoken *f, int port, const char *method, const char *path,
                     const char *key, const char *body);
/* The same at the main port, with the key that may write. */
void spoken_ask(struct spoken *f, const char *method, const char *path, const char *body);

/* A text of the last answer, or of its error; NULL when there is none. */
const char *spoken_told(const struct spoken *f, const char *name);
const char *spoken_told_error(const struct spoken *f, const char *name);

/* Asks for a model; the id of its job. */
struct id spoken_build(struct spoken *f, const char *name);

#endif
