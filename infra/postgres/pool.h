/*
 * pool.h - sessions with PostgreSQL that threads borrow.
 *
 * At most `most` sessions are open; they are opened when first needed and opened anew when the
 * database went away. Every function may be called from any thread.
 */
#ifndef TRAINYARD_INFRA_POSTGRES_POOL_H
#define TRAINYARD_INFRA_POSTGRES_POOL_H

#include "infra/postgres/pg.h"

struct pg_pool;

/* Opens nothing yet. NULL when memory runs out. Free with pg_pool_free(). */
MUST_CHECK struct pg_pool *pg_pool_new(const char *url, size_t most, struct error *err);

/* Closes all sessions; all must have been returned. NULL is allowed. */
void pg_pool_free(struct pg_pool *pool);

/*
 * Lends a session, waiting up to 5 s for one. NULL on failure (ERROR_UNAVAILABLE): the database
 * is away, or all sessions are lent out.
 */
MUST_CHECK struct pg *pg_pool_borrow(struct pg_pool *pool, struct error *err);

/* Gives a session back; a transaction still open is rolled back. NULL is allowed. */
void pg_pool_return(struct pg_pool *pool, struct pg *pg);

#endif
