/*
 * duck.h - a DuckDB session that can read the given files and nothing else.
 *
 * No network, no extensions from outside, no other file, bounded memory, nothing written to disk,
 * one thread (so that rows keep their order and load is no matter). Used by one thread.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_DUCK_H
#define TRAINYARD_ENGINE_TRAIN_DUCK_H

#include <duckdb.h>

#include "engine/train/text.h"

struct duck {
    duckdb_database database;
    duckdb_connection connection;
};

/* Opens a session for count paths within memory_bytes. Close with duck_close(). */
MUST_CHECK bool duck_open(struct duck *duck, const char *const *paths, size_t count,
                          size_t memory_bytes, struct error *err);
void duck_close(struct duck *duck);

/* Runs a query whose whole result is small. Free with duckdb_destroy_result(). */
MUST_CHECK bool duck_query(struct duck *duck, const char *sql, duckdb_result *result,
                           struct error *err);

/* Runs a query whose chunks come one by one (duckdb_fetch_chunk), as they are asked for. */
MUST_CHECK bool duck_stream(struct duck *duck, const char *sql, duckdb_result *result,
                            struct error *err);

/* Turns what DuckDB said about a table into an error for its owner. */
bool duck_fail(struct error *err, const char *message);

/* Adds text as an SQL literal ('it''s') or as an identifier ("a ""b"""). */
void sql_literal(struct text *sql, const char *text);
void sql_name(struct text *sql, const char *text);

#endif
