/*
 * log_group.h - what comes next for followers who stand at one place in the log of a job.
 *
 * Decides which lines may be sent, in which order, and when a log is at its end: lines of a run
 * follow each other without a gap; a late one is waited for, within bounds. Used by the hub's
 * thread alone.
 */
#ifndef TRAINYARD_API_LOG_GROUP_H
#define TRAINYARD_API_LOG_GROUP_H

#include "infra/base/buffer.h"
#include "infra/postgres/pg.h"

enum { LOG_GROUPS_MOST = 64 /* of one statement */ };

struct log_group {
    char *job_id;
    int run, seq;           /* where the followers stand */
    int rank;               /* of the least level they want, see log_text_rank() */
    int next_run, next_seq; /* where they will stand once they have read text */
    struct buffer text;     /* events */
    bool full;              /* there is more */
    bool ended;             /* the last event is the end */
};

/* False when memory runs out. Clear with log_group_clear(). */
MUST_CHECK bool log_group_init(struct log_group *group, const char *job_id, int run, int seq,
                               int rank);
void log_group_clear(struct log_group *group);

/* Reads what comes next for up to LOG_GROUPS_MOST groups, in one statement. */
MUST_CHECK bool log_groups_fill(struct log_group *groups, size_t count, struct pg *db,
                                struct error *err);

#endif
