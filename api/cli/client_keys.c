/* client_keys.c - trainyard keys, through the API: the keys of one's own account. */
#include "api/cli/cli.h"

#include <string.h>

static const struct column ROWS[] = {
    {"KEY", "key_id", CELL_TEXT},
    {"NAME", "name", CELL_TEXT},
    {"BEGINS", "key_prefix", CELL_TEXT},
    {"ENDS", "key_suffix", CELL_TEXT},
    {"MAY", "permission_level", CELL_TEXT},
    {"STATUS", "status", CELL_TEXT},
    {"USED", "last_used_at", CELL_TIME},
    {"EXPIRES", "expires_at", CELL_TIME},
    {NULL, NULL, CELL_TEXT},
};
static const struct column KEY[] = {
    {"key", "key_id", CELL_TEXT},
    {"name", "name", CELL_TEXT},
    {"begins", "key_prefix", CELL_TEXT},
    {"ends", "key_suffix", CELL_TEXT},
    {"may", "permission_level", CELL_TEXT},
    {"status", "status", CELL_TEXT},
    {"created", "created_at", CELL_TIME},
    {"used", "last_used_at", CELL_TIME},
    {"expires", "expires_at", CELL_TIME},
    {"revoked", "revoked_at", CELL_TIME},
    {"requests of a day", "usage_stats.requests_last_24h", CELL_TEXT},
    {"of 7 days", "usage_stats.requests_last_7d", CELL_TEXT},
    {"of 30 days", "usage_stats.requests_last_30d", CELL_TEXT},
    {NULL, NULL, CELL_TEXT},
};

/* The key alone on stdout, as the operator's form does. */
static bool create(struct cli *cli, struct error *err)
{
    const char *name = args_value(&cli->args, "--name", 0);
    const char *permission = args_value(&cli->args, "--permission", 0);
    json_t *body = json_pack("{s:s, s:s}", "name", name == NULL ? "trainyard" : name,
                             "permission_level", permission == NULL ? "read_write" : permission);
    struct buffer path = {0};
    json_t *answer;
    bool ok;

    buffer_add_text(&path, "/auth/api-keys");
    ok = cli_call_take(cli, "POST", &path, body, &answer, err);
    json_decref(body);
    if (!ok)
        return false;
    if (cli->json) {
        puts(client_text(cli->client));
    } else {
        fprintf(stderr, "key %s; it is shown only now:\n",
                json_string_value(json_object_get(answer, "key_id")));
        printf("%s\n", json_string_value(json_object_get(answer, "key")));
    }
    json_decref(answer);
    return true;
}

static bool list(struct cli *cli, struct error *err)
{
    static const char *const QUERIES[] = {"--limit", "--offset", "--status", NULL};
    struct buffer path = {0};

    buffer_add_text(&path, "/auth/api-keys");
    cli_add_queries(cli, &path, QUERIES);
    return cli_show_take(cli, "GET", &path, "keys", ROWS, err);
}

static bool get(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/auth/api-keys/", cli->args.words[0]);
    return cli_show_take(cli, "GET", &path, NULL, KEY, err);
}

static bool revoke(struct cli *cli, struct error *err)
{
    struct buffer path = {0};

    client_path_add(&path, "/auth/api-keys/", cli->args.words[0]);
    return cli_show_take(cli, "DELETE", &path, NULL, KEY, err);
}

static const struct option_form CREATE_OPTIONS[] = {
    {"--name", "NAME", "what it is for (default: trainyard)", NULL},
    {"--permission", "LEVEL", "read_write (default) or read_only", NULL},
    {NULL, NULL, NULL, NULL},
};
static const struct option_form LIST_OPTIONS[] = {
    {"--limit", "N", "at most so many, up to 100 (default: 20)", NULL},
    {"--offset", "N", "after so many", NULL},
    {"--status", "STATUS", "active or revoked", NULL},
    {NULL, NULL, NULL, NULL},
};
static const struct verb VERBS[] = {
    {"create", "", 0, 0, "makes a key; prints it alone on stdout, this once", CREATE_OPTIONS,
     create},
    {"list", "", 0, 0, "the keys of the account", LIST_OPTIONS, list},
    {"get", "KEY", 1, 1, "one key, with its use", NULL, get},
    {"revoke", "KEY", 1, 1, "revokes it, for good and at once", NULL, revoke},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
const struct noun cli_keys = {"keys", "API keys of one's account", VERBS};
