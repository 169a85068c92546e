/*
 * offsets.h - which messages of the assigned partitions are settled.
 *
 * Messages are settled in any order; what may be stored is the end of the unbroken settled run from
 * the first one read. No lock of its own.
 */
#ifndef TRAINYARD_INFRA_KAFKA_OFFSETS_H
#define TRAINYARD_INFRA_KAFKA_OFFSETS_H

#include "infra/base/error.h"

#include <stdint.h>

struct offsets;

MUST_CHECK struct offsets *offsets_new(struct error *err);
void offsets_free(struct offsets *offsets);

/*
 * Notes that a message was read; those read before that stand behind it are forgotten, since Kafka
 * gives them out again. False when memory runs out: then it must not be handed out.
 */
MUST_CHECK bool offsets_read(struct offsets *offsets, int partition, int64_t offset);

/*
 * Notes that a message is settled. Returns the offset to store (one past the unbroken run), or -1
 * when that has not moved; so for messages of a partition that was forgotten.
 */
int64_t offsets_settle(struct offsets *offsets, int partition, int64_t offset);

/* Forgets a partition that was taken away. */
void offsets_forget(struct offsets *offsets, int partition);

#endif
