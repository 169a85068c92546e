/*
 * job_submit.h - hands a job over: its row and outbox row in the caller's transaction, then its
 * message to Kafka.
 */
#ifndef TRAINYARD_API_JOB_SUBMIT_H
#define TRAINYARD_API_JOB_SUBMIT_H

#include "api/call.h"
#include "infra/store/jobs.h"

enum { TOPIC_KEY_BYTES = 160 };

/* A job on its way; points to what its maker owns until it is published. */
struct job_submission {
    struct new_job job; /* traceparent is filled in here */
    int64_t outbox_id;
};

/* Inserts submission->job, inside the call's transaction. ERROR_RATE_LIMIT when too many of the
 * account's jobs of the pool wait. */
MUST_CHECK bool job_submit_insert(struct call *call, struct pg *db,
                                  struct job_submission *submission, struct error *err);

/*
 * Sends the message, once the transaction has committed. Gives the call's session back first;
 * never waits, never fails: what cannot be sent now is swept later.
 */
void job_submit_publish(struct call *call, const struct job_submission *submission);

#endif
