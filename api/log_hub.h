/*
 * log_hub.h - follows the logs of jobs for all who wait for them.
 *
 * One thread asks the database every 100 ms for the lines after all distinct cursors, in one
 * statement, and not at all when nobody follows. Lines are written as server-sent events once for
 * all followers that stand at the same place. A follower reads at its own pace: one that is slow
 * holds two batches at most and is asked for again when it has read them. Every function may be
 * called from any thread, each follower from one at a time.
 */
#ifndef TRAINYARD_API_LOG_HUB_H
#define TRAINYARD_API_LOG_HUB_H

#include "infra/base/error.h"

#include <sys/types.h>

struct log_follower;
struct log_hub;
struct pg_pool;

/* Starts the thread; borrows pool. NULL on failure: ERROR_NO_MEMORY. */
MUST_CHECK struct log_hub *log_hub_new(struct pg_pool *pool, struct error *err);

/* Ends all streams at once, so that listeners can be stopped. */
void log_hub_stop(struct log_hub *hub);

/* Stops and frees the hub; all followers must be freed before. NULL is allowed. */
void log_hub_free(struct log_hub *hub);

/*
 * Follows a job after line (run, seq); (0, -1) from its first line. Lines of a lower rank (see
 * log_text_rank()) are left out; 0 is all. job_id is copied. NULL on
 * failure: ERROR_NO_MEMORY, ERROR_UNAVAILABLE when the hub is stopped.
 */
MUST_CHECK struct log_follower *log_hub_follow(struct log_hub *hub, const char *job_id, int run,
                                               int seq, int rank, struct error *err);
void log_follower_free(struct log_follower *follower);

/*
 * Fills up to most bytes with events, each line once and in order:
 *
 *     id: RUN.SEQ / event: log / data: {...}
 *     event: end / data: {"job_id", "status"}, once the job ended and all its lines were sent
 *
 * Waits for them; after 10 s without any it writes a comment. Returns how many bytes, -1 at the
 * end. In the form that call_reply_stream() wants.
 */
ssize_t log_follower_read(void *follower, char *bytes, size_t most);

#endif
