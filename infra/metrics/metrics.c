/* metrics.c - see metrics.h. Some tens of series: a list under a lock is fast enough. */
#include "infra/metrics/metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };

static const char *const KIND_NAMES[] = {
    [COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};

static const struct family {
    const char *name;
    enum kind kind;
    const char *help;
} FAMILIES[] = {
    {"trainyard_http_requests_total", COUNTER, "Requests answered, by route and status."},
    {"trainyard_http_seconds", HISTOGRAM, "Time to answer a request, by route."},
    {"trainyard_predictions_total", COUNTER, "Rows predicted."},
    {"trainyard_models_loaded", GAUGE, "Models in memory."},
    {"trainyard_models_bytes", GAUGE, "Memory of the models loaded."},
    {"trainyard_log_followers", GAUGE, "Clients that follow a build log."},
    {"trainyard_jobs_waiting", GAUGE, "Jobs that wait, by pool: the number to scale workers by."},
    {"trainyard_jobs_oldest_age_seconds", GAUGE, "Age of the oldest waiting job, by pool."},
    {"trainyard_jobs_running", GAUGE, "Jobs that run, by pool."},
    {"trainyard_jobs_claimed_total", COUNTER, "Jobs this process claimed."},
    {"trainyard_jobs_spilled_total", COUNTER,
     "Jobs left to PostgreSQL because their account has many."},
    {"trainyard_jobs_completed_total", COUNTER, "Runs that completed their job."},
    {"trainyard_jobs_failed_total", COUNTER, "Runs that failed for good."},
    {"trainyard_jobs_retried_total", COUNTER,
     "Runs that failed and are tried again, or died of it."},
    {"trainyard_jobs_cancelled_total", COUNTER, "Runs that were cancelled."},
    {"trainyard_jobs_handed_back_total", COUNTER, "Runs handed back because the worker stopped."},
    {"trainyard_job_seconds", HISTOGRAM, "Time of a run, by pool."},
    {"trainyard_leases_lost_total", COUNTER,
     "Runs whose lease was lost; their effects were thrown away."},
    {"trainyard_leases_reaped_total", COUNTER, "Leases of dead workers taken back."},
    {"trainyard_log_lines_total", COUNTER, "Job log lines written to PostgreSQL."},
    {"trainyard_models_loaded", GAUGE, "Versions that this instance has open."},
    {"trainyard_models_bytes", GAUGE, "Memory that open versions take."},
    {"trainyard_replicas_wanted", GAUGE, "Warm copies that deployments want, on all instances."},
    {"trainyard_replicas_warm", GAUGE, "Warm copies of deployments, on all instances."},
    {"trainyard_replicas_held", GAUGE, "Deployments that this instance holds warm."},
    {"trainyard_outbox_rows", GAUGE, "Messages that wait for Kafka."},
    {"trainyard_outbox_oldest_age_seconds", GAUGE,
     "Age of the oldest message that waits for Kafka."},
    {"trainyard_outbox_published_total", COUNTER, "Job messages that Kafka has."},
    {"trainyard_outbox_swept_total", COUNTER, "Messages published for a process that could not."},
    {"trainyard_events_published_total", COUNTER, "Events that Kafka has."},
    {"trainyard_relay_holder", GAUGE, "1 in the process that publishes events."},
};

enum { FAMILIES_COUNT = sizeof FAMILIES / sizeof *FAMILIES };

/* Upper bounds in seconds; one more bucket holds the rest. */
static const double BOUNDS[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                0.5,   1,      2.5,   5,    10,    60,   300, 3600};

enum { BOUNDS_COUNT = sizeof BOUNDS / sizeof *BOUNDS };

struct series {
    struct series *next;
    double value; /* or the sum of a histogram */
    uint64_t buckets[BOUNDS_COUNT + 1];
    char labels[];
};

struct metrics {
    pthread_mutex_t lock;
    struct series *families[FAMILIES_COUNT]; /* guarded by lock */
};

struct metrics *metrics_new(struct error *err)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);

    if (metrics == NULL)
        error_no_memory(err);
    else
        pthread_mutex_init(&metrics->lock, NULL);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t at = 0; at < FAMILIES_COUNT; at++)
        for (struct series *series = metrics->families[at], *next; series != NULL; series = next) {
            next = series->next;
            free(series);
        }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static size_t find_family(const char *name)
{
    size_t at = 0;

    while (at < FAMILIES_COUNT && strcmp(FAMILIES[at].name, name) != 0)
        at++;
    assert(at < FAMILIES_COUNT && "name it in the table above");
    return at;
}

/* The series, made at first use; NULL when memory runs out, or nobody knows the name: then the
 * number is not counted. */
static struct series *find_locked(struct metrics *metrics, const char *name, const char *labels)
{
    size_t family = find_family(name);
    struct series **link;

    if (family == FAMILIES_COUNT)
        return NULL;
    link = &metrics->families[family];
    while (*link != NULL && strcmp((*link)->labels, labels) != 0)
        link = &(*link)->next;
    if (*link == NULL) {
        *link = calloc(1, sizeof **link + strlen(labels) + 1);
        if (*link != NULL)
            strcpy((*link)->labels, labels);
    }
    return *link;
}

void metrics_count(struct metrics *metrics, const char *name, const char *labels, double add)
{
    struct series *series;

    pthread_mutex_lock(&metrics->lock);
    series = find_locked(metrics, name, labels);
    if (series != NULL)
        series->value += add;
    pthread_mutex_unlock(&metrics->lock);
}

void metrics_set(struct metrics *metrics, const char *name, const char *labels, double value)
{
    struct series *series;

    pthread_mutex_lock(&metrics->lock);
    series = find_locked(metrics, name, labels);
    if (series != NULL)
        series->value = value;
    pthread_mutex_unlock(&metrics->lock);
}

void metrics_observe(struct metrics *metrics, const char *name, const char *labels, double seconds)
{
    struct series *series;
    size_t bucket = 0;

    while (bucket < BOUNDS_COUNT && seconds > BOUNDS[bucket])
        bucket++;
    pthread_mutex_lock(&metrics->lock);
    series = find_locked(metrics, name, labels);
    if (series != NULL) {
        series->value += seconds;
        series->buckets[bucket]++;
    }
    pthread_mutex_unlock(&metrics->lock);
}

double metrics_value(struct metrics *metrics, const char *name, const char *labels)
{
    struct series *series;
    double value;

    pthread_mutex_lock(&metrics->lock);
    series = find_locked(metrics, name, labels);
    value = series == NULL ? 0 : series->value;
    pthread_mutex_unlock(&metrics->lock);
    return value;
}

static void render_histogram(const char *name, const struct series *series, struct buffer *text)
{
    const char *comma = *series->labels == '\0' ? "" : ",";
    uint64_t below = 0;

    for (size_t at = 0; at < BOUNDS_COUNT; at++) {
        below += series->buckets[at];
        buffer_printf(text, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, series->labels, comma,
                      BOUNDS[at], (unsigned long long)below);
    }
    below += series->buckets[BOUNDS_COUNT];
    buffer_printf(text, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, series->labels, comma,
                  (unsigned long long)below);
    buffer_printf(text, "%s_sum{%s} %.9g\n%s_count{%s} %llu\n", name, series->labels, series->value,
                  name, series->labels, (unsigned long long)below);
}

void metrics_render(struct metrics *metrics, struct buffer *text)
{
    pthread_mutex_lock(&metrics->lock);
    for (size_t at = 0; at < FAMILIES_COUNT; at++) {
        const struct family *family = &FAMILIES[at];

        if (metrics->families[at] == NULL)
            continue;
        buffer_printf(text, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help,
                      family->name, KIND_NAMES[family->kind]);
        for (struct series *series = metrics->families[at]; series != NULL; series = series->next)
            if (family->kind == HISTOGRAM)
                render_histogram(family->name, series, text);
            else
                buffer_printf(text, *series->labels == '\0' ? "%s%s %.15g\n" : "%s{%s} %.15g\n",
                              family->name, series->labels, series->value);
    }
    pthread_mutex_unlock(&metrics->lock);
}
