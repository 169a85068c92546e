/* outcome.c - see outcome.h. */
#include "workers/runtime/outcome.h"

#include "infra/base/ids.h"

#include <string.h>

enum { BASE_S = 1, MOST_S = 60 };

static const char *const WORDS[] = {
    [OUTCOME_COMPLETED] = "completed", [OUTCOME_FAILED] = "failed", [OUTCOME_RETRY] = "retry",
    [OUTCOME_CANCELLED] = "cancelled", [OUTCOME_BACK] = "back",
};

double outcome_backoff_s(int failures, double share)
{
    double longest = BASE_S;

    for (int at = 0; at < failures && longest < MOST_S; at++)
        longest *= 2;
    return share * (longest < MOST_S ? longest : MOST_S);
}

struct outcome outcome_of(const struct run *run, bool ok, const struct error *err)
{
    struct outcome outcome = {.kind = OUTCOME_COMPLETED};

    if (ok)
        return outcome;
    outcome.err = *err;
    if (run_stop_reason(run) == RUN_CANCELLED) {
        outcome.kind = OUTCOME_CANCELLED;
        error_set(&outcome.err, ERROR_CANCELLED, "cancelled while it ran");
    } else if (run_stop_reason(run) == RUN_DRAINED) {
        outcome.kind = OUTCOME_BACK;
        outcome.err = (struct error){0};
    } else if (error_is_transient(err->code)) {
        outcome.kind = OUTCOME_RETRY;
        outcome.wait_s = outcome_backoff_s(run_job(run)->failures, random_unit());
    } else {
        outcome.kind = OUTCOME_FAILED;
    }
    return outcome;
}

static void add_text(struct buffer *item, const char *name, const char *text)
{
    buffer_printf(item, ",\"%s\":", name);
    buffer_add_json(item, text, strlen(text));
}

void outcome_encode(const struct outcome *outcome, const struct run *run, int lines,
                    struct buffer *item)
{
    buffer_printf(item, "{\"run\":%d,\"outcome\":\"%s\",\"wait_s\":%.3f,\"lines\":%d",
                  run_job(run)->run, WORDS[outcome->kind], outcome->wait_s, lines);
    add_text(item, "id", run_job(run)->id);
    if (outcome->err.code != ERROR_NONE) {
        add_text(item, "code", error_name(outcome->err.code));
        add_text(item, "message", outcome->err.message);
    }
    if (outcome->kind == OUTCOME_COMPLETED && run_result(run) != NULL)
        buffer_printf(item, ",\"result\":%s", run_result(run));
    if (outcome->kind == OUTCOME_COMPLETED && run_version(run) != NULL)
        buffer_printf(item, ",\"version\":%s", run_version(run));
    buffer_add_char(item, '}');
}
