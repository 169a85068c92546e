/*
 * model_changes.h - learns from the database which models' versions changed. One thread.
 *
 * A change is told by the database for some seconds, since a statement may commit later than its
 * clock said; here each counts once.
 */
#ifndef TRAINYARD_API_MODEL_CHANGES_H
#define TRAINYARD_API_MODEL_CHANGES_H

#include "infra/postgres/pg.h"

/* Zeroed, it begins with the first call of model_changes_poll(). */
struct model_changes {
    char since[64];
    uint64_t *seen; /* what was told last time, sorted */
    size_t seen_count;
};

/* Calls changed for each change since the last time. Nothing is lost when it fails. */
MUST_CHECK bool model_changes_poll(struct model_changes *changes, struct pg *db,
                                   void (*changed)(void *context, const char *account,
                                                   const char *model),
                                   void *context, struct error *err);

void model_changes_clear(struct model_changes *changes);

#endif
