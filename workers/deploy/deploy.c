/* deploy.c - see deploy.h. */
#include "workers/deploy/deploy.h"

#include "infra/base/clock.h"
#include "infra/base/log.h"
#include "infra/postgres/pool.h"
#include "infra/store/replicas.h"
#include "schemas/deploy_job.h"
#include "schemas/fields.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 250, STAGE_BYTES = 64 };

/* One deployment on its way. */
struct deploy {
    struct run *run;
    const struct deploy_services *services;
    struct deploy_job job;
    struct placement placement;
    int64_t moved_ms; /* when it got further last */
    int most_warm;
    bool said_lonely; /* the log knows that no instance lives */
    bool said_trouble;
    bool database_away;
};

static bool decode_head(const char *message, size_t length, struct job_head *head,
                        struct error *err)
{
    struct deploy_job job;
    bool ok;

    if (!deploy_job_decode(message, length, &job, err))
        return false;
    ok = job_head_set(head, job.job_id, job.account, err);
    deploy_job_clear(&job);
    return ok;
}

static bool place(struct deploy *deploy, struct error *err)
{
    struct pg *db = pg_pool_borrow(deploy->services->db, err);
    bool ok = db != NULL && replicas_place(db, deploy->job.deployment_id, &deploy->placement, err);

    pg_pool_return(deploy->services->db, db);
    return ok;
}

/* Places what is to be placed; a database that is away for a moment is waited for. */
static bool look(struct deploy *deploy, bool *known, struct error *err)
{
    struct error reason = {0};

    *known = place(deploy, &reason);
    if (!*known && !error_is_transient(reason.code)) {
        *err = reason;
        return false;
    }
    if (!*known && !deploy->database_away)
        log_failure("replicas cannot be looked at", &reason,
                    log_str("deployment", deploy->job.deployment_id));
    deploy->database_away = !*known;
    *known = *known && !deploy->placement.busy;
    return true;
}

static void tell_lonely(struct deploy *deploy)
{
    run_progress(deploy->run, 0, "no live instance: start a trainyard-api");
    if (!deploy->said_lonely)
        run_log(deploy->run, "WARNING",
                "no instance of trainyard-api lives that could hold a replica: waiting up to %d s "
                "for one; start a trainyard-api",
                deploy->services->wait_s);
    deploy->said_lonely = true;
}

/* Says how far it is, and notes when it got further. */
static void tell(struct deploy *deploy)
{
    const struct placement *placement = &deploy->placement;
    char stage[STAGE_BYTES];

    if (placement->warm > deploy->most_warm) {
        deploy->most_warm = placement->warm;
        deploy->moved_ms = clock_monotonic_ms();
    }
    if (placement->live == 0) {
        tell_lonely(deploy);
        return;
    }
    snprintf(stage, sizeof stage, "%d of %d warm", placement->warm, placement->wanted);
    run_progress(deploy->run, placement->warm * 100 / placement->wanted, stage);
    if (*placement->trouble != '\0' && !deploy->said_trouble) {
        run_log(deploy->run, "WARNING", "a replica cannot be warmed yet: %s", placement->trouble);
        deploy->said_trouble = true;
    }
}

static bool give_up(const struct deploy *deploy, struct error *err)
{
    const struct placement *placement = &deploy->placement;
    int wait_s = deploy->services->wait_s;

    if (deploy->database_away)
        return error_set(err, ERROR_UNAVAILABLE, "could not reach the database for %d s", wait_s);
    if (placement->status != DEPLOYMENT_DEPLOYING)
        return error_set(err, ERROR_CONFLICT, "the deployment is %s",
                         state_word(MACHINE_DEPLOYMENT, (int)placement->status));
    if (placement->live == 0)
        return error_set(
            err, ERROR_TIMED_OUT,
            "no instance of trainyard-api was alive for %d s: start one (trainyard-api, "
            "also with TRAINYARD_ROLES=predict), then deploy again",
            wait_s);
    return error_set(err, ERROR_TIMED_OUT,
                     "only %d of %d replicas were warm and none more for %d s%s%.120s: look at the "
                     "log of trainyard-api, then deploy again",
                     placement->warm, placement->wanted, wait_s,
                     *placement->trouble == '\0' ? "" : ": ", placement->trouble);
}

static void pause_a_moment(void)
{
    static const struct timespec PAUSE = {.tv_nsec = LOOK_MS * 1000000L};

    nanosleep(&PAUSE, NULL);
}

/* Until all replicas are warm. One that was undeployed waits for the word that its job is over. */
static bool wait_until_warm(struct deploy *deploy, struct error *err)
{
    const struct placement *placement = &deploy->placement;

    deploy->moved_ms = clock_monotonic_ms();
    while (run_stop_reason(deploy->run) == RUN_GOES_ON) {
        bool known = false;

        if (!look(deploy, &known, err))
            return false;
        if (known && placement->status == DEPLOYMENT_DEPLOYING) {
            tell(deploy);
            if (placement->live > 0 && placement->warm >= placement->wanted)
                return true;
        }
        if (clock_monotonic_ms() - deploy->moved_ms >= (int64_t)deploy->services->wait_s * 1000)
            return give_up(deploy, err);
        pause_a_moment();
    }
    return error_set(err, ERROR_CANCELLED, "the deployment was stopped");
}

static bool set_result(struct deploy *deploy, struct error *err)
{
    json_t *result =
        json_pack("{s:s, s:s, s:o, s:s, s:s, s:i, s:i}", "deployment_id", deploy->job.deployment_id,
                  "model_name", deploy->job.model_name, "model_version",
                  json_sprintf("v%d.0", deploy->job.version), "version_id", deploy->job.version_id,
                  "environment", deploy->job.environment, "replicas", deploy->placement.wanted,
                  "instances", deploy->placement.live);
    char *text = result == NULL ? NULL : json_text(result, err);

    if (result == NULL)
        error_no_memory(err);
    json_decref(result);
    run_set_result_take(deploy->run, text);
    return text != NULL;
}

static bool run_deploy(struct run *run, void *context, struct error *err)
{
    struct deploy deploy = {.run = run, .services = context};
    const char *message = run_job(run)->message;
    bool ok = deploy_job_decode(message, strlen(message), &deploy.job, err);

    if (ok) {
        run_log(run, "INFO", "deployment of %s v%d.0 to %s starts (run %d): %d replica%s%s",
                deploy.job.model_name, deploy.job.version, deploy.job.environment,
                run_job(run)->run, deploy.job.replicas, deploy.job.replicas == 1 ? "" : "s",
                deploy.job.auto_scale ? ", at least one on every instance" : "");
        ok = wait_until_warm(&deploy, err) && set_result(&deploy, err);
    }
    if (ok) {
        run_progress(run, 100, "done");
        run_log(run, "INFO", "%d replicas are warm on %d instance%s", deploy.placement.warm,
                deploy.placement.live, deploy.placement.live == 1 ? "" : "s");
    }
    deploy_job_clear(&deploy.job);
    return ok;
}

struct handler deploy_handler(struct deploy_services *services)
{
    return (struct handler){
        .pool = "deploy", .decode = decode_head, .run = run_deploy, .context = services};
}
