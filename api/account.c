/* account.c - see account.h. */
#include "api/account.h"

#include "infra/store/accounts.h"

static json_t *usage_json(const struct account_use *use)
{
    return json_pack("{s:s, s:n, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "period_start", use->since,
                     "credits", "consumption", (json_int_t)use->requests, "requests",
                     (json_int_t)use->requests, "predictions", (json_int_t)use->predictions,
                     "builds", (json_int_t)use->builds, "batch_jobs", (json_int_t)use->batches,
                     "models", (json_int_t)use->models, "storage_bytes",
                     (json_int_t)use->storage_bytes);
}

/* There is no billing: credits are none, and consumption is requests. */
static json_t *user_json(const struct account_use *use)
{
    return json_pack("{s:s, s:n, s:s, s:s, s:s, s:n, s:I, s:b, s:b, s:s}", "user_id", use->id,
                     "email", "name", use->name, "user_name", use->name, "plan", use->plan,
                     "credits", "consumption", (json_int_t)use->requests, "is_active", 1,
                     "has_api_key", 1, "created_at", use->created_at);
}

static json_t *profile_json(const struct account_use *use)
{
    json_t *profile = user_json(use);

    json_object_set_new(profile, "usage", usage_json(use));
    return profile;
}

static bool reply(struct call *call, json_t *(*told)(const struct account_use *use),
                  struct error *err)
{
    struct account_use use = {0};
    struct pg *db = call_db(call, err);
    bool ok = db != NULL && accounts_use(db, call_account(call), &use, err) &&
              call_reply_take(call, 200, told(&use), err);

    account_use_clear(&use);
    return ok;
}

bool api_account_user(struct call *call, struct error *err)
{
    return reply(call, user_json, err);
}

bool api_account_usage(struct call *call, struct error *err)
{
    return reply(call, usage_json, err);
}

bool api_account_profile(struct call *call, struct error *err)
{
    return reply(call, profile_json, err);
}
