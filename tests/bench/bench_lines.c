/*
 * bench_lines.c - writes lines of a job's log to Kafka at a steady rate, as a worker does.
 *
 *   bench_lines BROKERS PREFIX JOB ACCOUNT LINES PER_SECOND
 *
 * Prints when each was given to the producer: its number, and seconds of the monotonic clock.
 */
#include "infra/base/clock.h"
#include "infra/kafka/producer.h"
#include "infra/kafka/settings.h"
#include "schemas/log_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WAIT_MS = 10000 };

static const char TOPIC[] = "logs";

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool write_line(struct producer *producer, const char *job, const char *account, int seq,
                       struct error *err)
{
    struct log_record record = {.job_id = job,
                                .run = 1,
                                .seq = seq,
                                .account = account,
                                .model = "bench",
                                .at_ms = clock_wall_ms(),
                                .level = "INFO",
                                .message = "a line of the benchmark",
                                .progress = -1};
    struct buffer text = {0};
    bool ok;

    log_record_encode(&record, &text);
    printf("%d %.6f\n", seq, now_s());
    ok = text.failed
             ? error_no_memory(err)
             : producer_send(
                   producer,
                   &(struct kafka_message){
                       .topic = TOPIC, .key = job, .value = text.data, .length = text.length},
                   seq, err);
    buffer_clear(&text);
    return ok;
}

int main(int count, char **arguments)
{
    static const char *const TOPICS[] = {TOPIC};
    struct kafka_settings settings;
    struct producer_tuning tuning = {.delivery_timeout_ms = WAIT_MS, .queue_messages = 10000};
    struct error err = {0};
    struct producer *producer;
    struct timespec pause = {0};
    bool ok;

    if (count != 7) {
        fprintf(stderr, "bench_lines BROKERS PREFIX JOB ACCOUNT LINES PER_SECOND\n");
        return EXIT_FAILURE;
    }
    settings = (struct kafka_settings){arguments[1], arguments[2]};
    pause.tv_nsec = 1000000000L / atoi(arguments[6]);
    producer = producer_new(&settings, &tuning, NULL, NULL, &err);
    ok = producer != NULL;
    if (ok)
        producer_warm_up(producer, TOPICS, 1, WAIT_MS);
    for (int seq = 0; ok && seq < atoi(arguments[5]); seq++) {
        ok = write_line(producer, arguments[3], arguments[4], seq, &err);
        nanosleep(&pause, NULL);
    }
    ok = ok && (producer_flush(producer, WAIT_MS) ||
                error_set(&err, ERROR_UNAVAILABLE, "Kafka did not take all lines"));
    if (!ok)
        fprintf(stderr, "%s\n", err.message);
    producer_free(producer);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
