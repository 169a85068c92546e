/* job_submit.c - see job_submit.h. */
#include "api/job_submit.h"

#include "api/services.h"
#include "infra/relay/publisher.h"
#include "infra/relay/relay.h"

#include <stdio.h>
#include <string.h>

enum { TOPIC_BYTES = 32 };

bool job_submit_insert(struct call *call, struct pg *db, struct job_submission *submission,
                       struct error *err)
{
    submission->job.traceparent = call_traceparent(call);
    return jobs_insert(db, &submission->job, &submission->outbox_id, err);
}

/* The same message that the outbox row holds. */
void job_submit_publish(struct call *call, const struct job_submission *submission)
{
    const struct new_job *job = &submission->job;
    const struct kafka_header headers[] = {{"job-id", job->id},
                                           {"run", "0"},
                                           {"schema", "1"},
                                           {"content-type", "application/json"},
                                           {"traceparent", job->traceparent}};
    char topic[TOPIC_BYTES];
    struct kafka_message message = {.topic = topic,
                                    .key = job->topic_key,
                                    .value = job->message,
                                    .length = strlen(job->message),
                                    .headers = headers,
                                    .headers_count = sizeof headers / sizeof *headers};

    call_release_db(call);
    snprintf(topic, sizeof topic, "jobs.%s", job->pool);
    publisher_send(call_services(call)->publisher, submission->outbox_id, &message);
    relay_wake(call_services(call)->relay);
}
