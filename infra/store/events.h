/*
 * events.h - events on their way to Kafka, and the lease of the one process that publishes them.
 */
#ifndef TRAINYARD_INFRA_STORE_EVENTS_H
#define TRAINYARD_INFRA_STORE_EVENTS_H

#include "infra/postgres/pg.h"

extern const struct pg_sql events_sql;

/* The columns of the rows below. */
enum {
    EVENT_ID,
    EVENT_KIND,
    EVENT_ENTITY,
    EVENT_REVISION,
    EVENT_TYPE,
    EVENT_ACCOUNT,
    EVENT_SUBJECT,
    EVENT_DATA,
    EVENT_AT,
    EVENT_TRACEPARENT /* NULL: none */
};

/*
 * Takes or renews the relay's lease for lease_s seconds; *held tells whether owner has it now,
 * *fresh whether it had not before.
 */
MUST_CHECK bool events_hold(struct pg *db, const char *owner, int lease_s, bool *held, bool *fresh,
                            struct error *err);

/* Gives the lease up, if owner has it. */
MUST_CHECK bool events_release(struct pg *db, const char *owner, struct error *err);

/* Up to most events, by ascending id. */
MUST_CHECK struct pg_rows *events_read(struct pg *db, int most, struct error *err);

/*
 * Deletes the events that owner has published, if it still holds the lease; ids is an array such as
 * {1,2}. Not "all up to an id": an event with a lower id may have become visible meanwhile.
 */
MUST_CHECK bool events_delete(struct pg *db, const char *owner, const char *ids, struct error *err);

/* Puts the current state of what changed in the last 10 minutes into the queue once more. */
MUST_CHECK bool events_repeat(struct pg *db, struct error *err);

/* Wakes the relay of whichever process: NOTIFY on EVENTS_CHANNEL. */
#define EVENTS_CHANNEL "trainyard_events"
MUST_CHECK bool events_notify(struct pg *db, struct error *err);

#endif
