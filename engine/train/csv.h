/*
 * csv.h - walks through the text of a CSV: separator, encoding, header, width of each row.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_CSV_H
#define TRAINYARD_ENGINE_TRAIN_CSV_H

#include "engine/train/source.h"

/* Checks size bytes at data and fills what struct source says of a scanned CSV. */
MUST_CHECK bool csv_scan(struct source *source, const char *data, size_t size, struct error *err);

#endif
