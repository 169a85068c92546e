/* server.c - see server.h. */
#include "infra/metrics/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MOST = 32, TIMEOUT_S = 30 };

struct metrics_server {
    struct metrics *metrics;
    ready_check ready;
    metrics_collect collect;
    void *context;
    struct MHD_Daemon *daemon;
};

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             const char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result reply_metrics(struct metrics_server *server,
                                     struct MHD_Connection *connection)
{
    struct buffer text = {0};
    enum MHD_Result result;

    if (server->collect != NULL)
        server->collect(server->context, server->metrics);
    metrics_render(server->metrics, &text);
    result = reply(connection, text.failed ? 503 : 200, "text/plain; version=0.0.4",
                   text.data == NULL ? "" : text.data);
    buffer_clear(&text);
    return result;
}

static enum MHD_Result reply_ready(struct metrics_server *server, struct MHD_Connection *connection)
{
    struct error err = {0};
    struct buffer text = {0};
    enum MHD_Result result;

    if (server->ready(server->context, &err))
        return reply(connection, 200, "application/json", "{\"status\":\"ok\"}\n");
    buffer_add_text(&text, "{\"status\":\"unavailable\",\"message\":");
    buffer_add_json(&text, err.message, strlen(err.message));
    buffer_add_text(&text, "}\n");
    result = reply(connection, 503, "application/json", text.failed ? "{}" : text.data);
    buffer_clear(&text);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    struct metrics_server *server = context;

    (void)version;
    (void)upload;
    (void)request;
    *upload_size = 0;
    if (strcmp(method, "GET") != 0)
        return reply(connection, 405, "text/plain", "only GET\n");
    if (strcmp(url, "/metrics") == 0)
        return reply_metrics(server, connection);
    if (strcmp(url, "/readyz") == 0)
        return reply_ready(server, connection);
    if (strcmp(url, "/healthz") == 0)
        return reply(connection, 200, "application/json", "{\"status\":\"ok\"}\n");
    return reply(connection, 404, "text/plain", "there are /metrics, /healthz and /readyz\n");
}

struct metrics_server *metrics_server_new(const char *bind, int port, struct metrics *metrics,
                                          ready_check ready, metrics_collect collect, void *context,
                                          struct error *err)
{
    struct metrics_server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    if (server == NULL) {
        error_no_memory(err);
        return NULL;
    }
    *server = (struct metrics_server){
        .metrics = metrics, .ready = ready, .collect = collect, .context = context};
    if (inet_pton(AF_INET, bind, &address.sin_addr) == 1)
        server->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL,
                                          NULL, answer, server, MHD_OPTION_SOCK_ADDR, &address,
                                          MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MOST,
                                          MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_END);
    if (server->daemon == NULL) {
        error_set(err, ERROR_UNAVAILABLE,
                  "cannot listen on %s:%d: is the port taken? (TRAINYARD_METRICS_PORT)", bind,
                  port);
        error_detail(err, "%s", strerror(errno));
        free(server);
        return NULL;
    }
    return server;
}

void metrics_server_free(struct metrics_server *server)
{
    if (server == NULL)
        return;
    MHD_stop_daemon(server->daemon);
    free(server);
}
