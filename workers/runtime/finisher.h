/*
 * finisher.h - writes what came of runs, many in one transaction.
 *
 * One thread takes what has gathered while the last batch was written, and tries until PostgreSQL
 * has it: a finished run is never thrown away because the database is silent. Every function may
 * be called from any thread.
 */
#ifndef TRAINYARD_WORKERS_RUNTIME_FINISHER_H
#define TRAINYARD_WORKERS_RUNTIME_FINISHER_H

#include "workers/runtime/outcome.h"

struct finisher;
struct pg_pool;

/* Called on the finisher's thread after a finish; took is false when the lease had been lost. */
typedef void (*finished)(void *owner, struct run *run, const struct outcome *outcome, bool took);

MUST_CHECK struct finisher *finisher_new(struct pg_pool *db, struct error *err);

/* Writes what is left, for at most 10 s; what then is left runs again elsewhere. */
void finisher_free(struct finisher *finisher);

/* Hands a run over; done gets it back with owner. */
void finisher_add(struct finisher *finisher, struct run *run, const struct outcome *outcome,
                  int lines, finished done, void *owner);

#endif
