/*
 * deployed.h - a database with a model that is ready, and deployments of it: for the tests of
 * replicas and of what becomes of deployments. A failure fails the test.
 */
#ifndef TRAINYARD_TESTS_INTEGRATION_DEPLOYED_H
#define TRAINYARD_TESTS_INTEGRATION_DEPLOYED_H

#include "infra/store/replicas.h"
#include "tests/integration/support.h"

enum { DEPLOYED_ROUNDS = 40 };

/* The status of a deployment, $1. */
extern const char DEPLOYED_STATUS[];

/* Of a test's state, a struct support: model mdl_1 named m, its version ver_1. */
int deployed_setup(void **state);
int deployed_teardown(void **state);

/* An instance of the API was seen just now, or 16 s ago. */
void deployed_live(struct support *s, const char *instance);
void deployed_dies(struct support *s, const char *instance);

/* A deployment dep_NAME with its job job_NAME. */
void deployed_make(struct support *s, const char *name, int replicas, bool auto_scale);
/* The same, as if its job had brought it up. */
void deployed_make_active(struct support *s, const char *name);

struct placement deployed_place(struct support *s, const char *id);
/* How many deployments were looked at. */
int64_t deployed_replace(struct support *s);
/* Who holds how many of its replicas, such as "a:2 b:1". */
void deployed_assert_held(struct support *s, const char *id, const char *wanted);

/* The run of the job that was claimed. */
int deployed_claim(struct support *s, const char *job);
/* How many finishes took effect: 1, or 0 when the run is over. */
size_t deployed_finish(struct support *s, const char *job, int run, const char *outcome);

#endif
