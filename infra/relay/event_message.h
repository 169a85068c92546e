/*
 * event_message.h - an event's row as messages for Kafka: CloudEvents 1.0 in binary mode, and the
 * entity's state. (cloudevents/spec, bindings/kafka-protocol-binding.md)
 */
#ifndef TRAINYARD_INFRA_RELAY_EVENT_MESSAGE_H
#define TRAINYARD_INFRA_RELAY_EVENT_MESSAGE_H

#include "infra/kafka/producer.h"
#include "infra/postgres/pg.h"

/* Sends the event and the state of a row of events_read(); false when the producer takes no more.
 */
MUST_CHECK bool event_send(struct producer *producer, const struct pg_rows *rows, size_t row,
                           struct error *err);

#endif
