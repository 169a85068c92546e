/* health.c - see health.h. */
#include "api/health.h"

#include "api/adapter.h"
#include "api/model_cache.h"
#include "api/services.h"
#include "api/traffic.h"
#include "infra/metrics/metrics.h"
#include "infra/store/outbox.h"
#include "infra/store/replicas.h"

bool api_health_live(struct call *call, struct error *err)
{
    static const char ALIVE[] = "{\"status\":\"ok\"}";

    return call_reply_text(call, 200, "application/json", ALIVE, sizeof ALIVE - 1, err);
}

bool api_health_ready(struct call *call, struct error *err)
{
    static const char ASK[] = "select 1";
    struct pg *db = call_db(call, err);

    if (db == NULL || !pg_exec(db, ASK, PG_NONE, err))
        return false;
    return call_reply_take(call, 200, json_pack("{s:s, s:s}", "status", "ready", "database", "ok"),
                           err);
}

/* How much waits for Kafka; without a database nothing is known of it. */
static void note_outbox(struct call *call, struct metrics *metrics)
{
    struct error err = {0};
    struct pg *db = call_db(call, &err);
    int64_t rows = 0;
    double oldest_s = 0;

    if (db == NULL || !outbox_depth(db, &rows, &oldest_s, &err))
        return;
    metrics_set(metrics, "trainyard_outbox_rows", "", (double)rows);
    metrics_set(metrics, "trainyard_outbox_oldest_age_seconds", "", oldest_s);
}

/* Replicas of all instances together. */
static void note_replicas(struct call *call, struct metrics *metrics)
{
    struct error err = {0};
    struct pg *db = call_db(call, &err);
    int64_t wanted = 0;
    int64_t warm = 0;

    if (db == NULL || !replicas_count(db, &wanted, &warm, &err))
        return;
    metrics_set(metrics, "trainyard_replicas_wanted", "", (double)wanted);
    metrics_set(metrics, "trainyard_replicas_warm", "", (double)warm);
}

static void note_models(struct services *services)
{
    size_t models = 0;
    size_t bytes = 0;

    model_cache_usage(services->models, &models, &bytes);
    metrics_set(services->metrics, "trainyard_models_loaded", "", (double)models);
    metrics_set(services->metrics, "trainyard_models_bytes", "", (double)bytes);
}

static void add_connections(struct services *services, struct buffer *text)
{
    size_t main_port = 0;
    size_t predict_port = 0;

    adapter_connections(services->adapter, &main_port, &predict_port);
    buffer_printf(text,
                  "# HELP trainyard_http_connections Open connections, by port.\n"
                  "# TYPE trainyard_http_connections gauge\n"
                  "trainyard_http_connections{port=\"main\"} %zu\n"
                  "trainyard_http_connections{port=\"predict\"} %zu\n",
                  main_port, predict_port);
}

bool api_health_metrics(struct call *call, struct error *err)
{
    struct services *services = call_services(call);
    struct buffer text = {0};
    bool ok;

    traffic_add_text(services->traffic, &text);
    add_connections(services, &text);
    note_outbox(call, services->metrics);
    note_replicas(call, services->metrics);
    note_models(services);
    metrics_render(services->metrics, &text);
    ok = text.failed ? error_no_memory(err)
                     : call_reply_text(call, 200, "text/plain; version=0.0.4; charset=utf-8",
                                       text.data, text.length, err);
    buffer_clear(&text);
    return ok;
}
