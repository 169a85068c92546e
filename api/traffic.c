/* traffic.c - see traffic.h. */
#include "api/traffic.h"

#include "api/routes.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Upper bounds of the classes of the histogram, in microseconds. */
static const int64_t BOUNDS_US[] = {250,   500,    1000,   2500,    5000,    10000,   25000,
                                    50000, 100000, 250000, 1000000, 2500000, 10000000};

enum { BOUNDS = sizeof BOUNDS_US / sizeof *BOUNDS_US, CLASSES = 6 /* of 100 statuses each */ };

struct counts {
    atomic_uint_least64_t statuses[CLASSES];
    atomic_uint_least64_t times[BOUNDS + 1];
    atomic_uint_least64_t sum_us;
};

struct traffic {
    size_t routes;
    struct counts counts[]; /* by route; the last for paths that have none */
};

struct traffic *traffic_new(struct error *err)
{
    size_t routes = routes_count();
    struct traffic *traffic = calloc(1, sizeof *traffic + (routes + 1) * sizeof *traffic->counts);

    if (traffic == NULL) {
        error_no_memory(err);
        return NULL;
    }
    traffic->routes = routes;
    return traffic;
}

void traffic_free(struct traffic *traffic)
{
    free(traffic);
}

static void add(atomic_uint_least64_t *count, uint64_t more)
{
    atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

void traffic_count(struct traffic *traffic, const struct route *route, int status, int64_t taken_us)
{
    struct counts *counts = &traffic->counts[route == NULL ? traffic->routes : routes_index(route)];
    size_t at = 0;

    while (at < BOUNDS && taken_us > BOUNDS_US[at])
        at++;
    add(&counts->times[at], 1);
    add(&counts->sum_us, (uint64_t)taken_us);
    add(&counts->statuses[status / 100 < CLASSES ? status / 100 : 0], 1);
}

static uint64_t read_count(atomic_uint_least64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void add_labels(struct buffer *text, const struct route *route)
{
    buffer_printf(text, "method=\"%s\",route=\"%s\"", route == NULL ? "" : route->method,
                  route == NULL ? "" : route->path);
}

static void add_statuses(struct buffer *text, struct counts *counts, const struct route *route)
{
    for (int class = 0; class < CLASSES; class ++) {
        uint64_t count = read_count(&counts->statuses[class]);

        if (count == 0)
            continue;
        buffer_add_text(text, "trainyard_http_requests_total{");
        add_labels(text, route);
        buffer_printf(text, ",status=\"%dxx\"} %llu\n", class, (unsigned long long)count);
    }
}

static void add_times(struct buffer *text, struct counts *counts, const struct route *route)
{
    static const char NAME[] = "trainyard_http_seconds";
    uint64_t count = 0;

    for (size_t at = 0; at <= BOUNDS; at++) {
        count += read_count(&counts->times[at]);
        buffer_printf(text, "%s_bucket{", NAME);
        add_labels(text, route);
        if (at < BOUNDS)
            buffer_printf(text, ",le=\"%g\"} %llu\n", (double)BOUNDS_US[at] / 1e6,
                          (unsigned long long)count);
        else
            buffer_printf(text, ",le=\"+Inf\"} %llu\n", (unsigned long long)count);
    }
    buffer_printf(text, "%s_sum{", NAME);
    add_labels(text, route);
    buffer_printf(text, "} %.6f\n%s_count{", (double)read_count(&counts->sum_us) / 1e6, NAME);
    add_labels(text, route);
    buffer_printf(text, "} %llu\n", (unsigned long long)count);
}

static bool is_used(struct counts *counts)
{
    for (size_t at = 0; at <= BOUNDS; at++)
        if (read_count(&counts->times[at]) > 0)
            return true;
    return false;
}

void traffic_add_text(struct traffic *traffic, struct buffer *text)
{
    buffer_add_text(text,
                    "# HELP trainyard_http_requests_total Requests answered, by route and status.\n"
                    "# TYPE trainyard_http_requests_total counter\n");
    for (size_t at = 0; at <= traffic->routes; at++)
        add_statuses(text, &traffic->counts[at], routes_at(at));
    buffer_add_text(text, "# HELP trainyard_http_seconds Time to answer a request, by route.\n"
                          "# TYPE trainyard_http_seconds histogram\n");
    for (size_t at = 0; at <= traffic->routes; at++)
        if (is_used(&traffic->counts[at]))
            add_times(text, &traffic->counts[at], routes_at(at));
}
