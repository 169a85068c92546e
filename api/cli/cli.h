/*
 * cli.h - what a command of a client has in its hands, and what commands share.
 */
#ifndef TRAINYARD_API_CLI_CLI_H
#define TRAINYARD_API_CLI_CLI_H

#include "api/cli/args.h"
#include "api/cli/client.h"
#include "api/cli/table.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_MISUSE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_REFUSED_KEY = 4, /* 401, 403 */
    EXIT_TRY_LATER = 5,   /* 429, 503, no answer */
};

struct cli {
    struct args args;
    struct client *client;
    bool json;     /* the API's JSON is wanted, and nothing else on stdout */
    bool terminal; /* stderr is one: progress is a bar */
    bool misused;  /* the failure is one of the command line */
};

extern const struct noun cli_models, cli_versions, cli_deploy, cli_deployments, cli_predict,
    cli_jobs, cli_logs, cli_uploads, cli_keys;

/* Fails for a command line that makes no sense; always false. */
bool cli_misuse(struct cli *cli, struct error *err, const char *format, ...) PRINTF_LIKE(3, 4);

/* One request, path consumed. Like client_call(). */
MUST_CHECK bool cli_call_take(struct cli *cli, const char *method, struct buffer *path,
                              const json_t *body, json_t **answer, struct error *err);

/* GETs (or whatever) a path and prints the answer: its JSON, or columns of the list at rows_path
 * (NULL: of the answer itself, as a record). */
MUST_CHECK bool cli_show_take(struct cli *cli, const char *method, struct buffer *path,
                              const char *rows_path, const struct column *columns,
                              struct error *err);

/* Prints the answer just got: its JSON, or a record. */
void cli_print(const struct cli *cli, const struct column *columns, const json_t *answer);

/* NAME[/VERSION] as a path "/models/NAME/VERSION"; without a version "latest". */
MUST_CHECK bool cli_model_path(struct cli *cli, const char *word, struct buffer *path,
                               struct error *err);

/* Adds --limit, --offset and the options named (ended by NULL) as queries: --sort-by is sort_by. */
void cli_add_queries(const struct cli *cli, struct buffer *path, const char *const *options);

/* Uploads files as one upload: its id, a copy; NULL on failure. Progress goes to stderr. */
MUST_CHECK char *cli_upload(struct cli *cli, const char *const *files, int count, const char *name,
                            const char *description, struct error *err);

/* Waits for the end of a job, showing how far it is; with its log where it writes one. The job,
 * owned by the caller; NULL on failure, as when the job ended otherwise than COMPLETED. */
MUST_CHECK json_t *cli_wait(struct cli *cli, const char *job_id, bool with_log, int64_t timeout_s,
                            struct error *err);

/* What a command that makes a job prints: its answer, or with --wait the job's end. */
MUST_CHECK bool cli_finish_job_take(struct cli *cli, json_t *answer, const struct column *columns,
                                    bool with_log, struct error *err);

/* Writes the lines of a job to stdout as they come, until it ended; level NULL for all. */
MUST_CHECK bool cli_follow(struct cli *cli, const char *job_id, const char *level,
                           struct error *err);

#endif
