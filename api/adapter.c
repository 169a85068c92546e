/* adapter.c - see adapter.h. The only file that knows ulfius. */
#include "api/adapter.h"

#include "api/call_private.h"
#include "api/connections.h"
#include "api/form_reader.h"
#include "api/listen.h"
#include "api/multipart_upload.h"
#include "api/serve.h"
#include "api/services.h"
#include "api/tls.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <ulfius.h>
#include <unistd.h>

enum {
    STACK_BYTES = 256 * 1024,
    FORM_FIELD_BYTES = 64 * 1024,
    STREAM_BYTES = 16 * 1024,
    CROWD_MORE = 64,    /* twice the limit and so many connections are told why they must go */
    SLOW_HANDLER_S = 10 /* a handler that took longer leaves the client its time to read */
};

struct listener {
    struct services *services;
    bool predict;
    size_t most_connections;
    size_t most_body_bytes;
    struct _u_instance instance;
    struct connections *connections;
    int socket;
    int port;
    atomic_bool draining;
};

struct adapter {
    struct listener main_port;
    struct listener predict_port;
};

/*
 * A request as ulfius knows it, and behind it what we know: ulfius frees the whole by the address
 * of the first.
 */
struct incoming {
    struct _u_request request; /* first */
    struct listener *listener;
    struct connection *connection;
    bool begun; /* call is filled */
    struct call call;
};

/* What handlers ask of the request ------------------------------------------------------------*/

static const struct _u_request *request_of(const struct call *call)
{
    return call->request;
}

const char *call_query(const struct call *call, const char *name)
{
    return u_map_get(request_of(call)->map_url, name);
}

const char *call_header(const struct call *call, const char *name)
{
    return u_map_get_case(request_of(call)->map_header, name);
}

const char *call_form(const struct call *call, const char *name)
{
    return u_map_get(request_of(call)->map_post_body, name);
}

/* Each with its length before it, so that no two lists of pairs are the same bytes. */
static void add_pairs(struct digest *digest, const struct _u_map *pairs)
{
    digest_add(digest, &pairs->nb_values, sizeof pairs->nb_values);
    for (int at = 0; at < pairs->nb_values; at++) {
        digest_add(digest, pairs->keys[at], strlen(pairs->keys[at]) + 1);
        digest_add(digest, &pairs->lengths[at], sizeof pairs->lengths[at]);
        digest_add(digest, pairs->values[at], pairs->lengths[at]);
    }
}

void call_add_parameters(const struct call *call, struct digest *digest)
{
    add_pairs(digest, request_of(call)->map_url);
    add_pairs(digest, request_of(call)->map_post_body);
}

const void *call_raw_body(const struct call *call, size_t *length)
{
    *length = request_of(call)->binary_body_length;
    return request_of(call)->binary_body;
}

/* A call, from its first line to its end ------------------------------------------------------*/

/* Whether no value of the query would be refused by what takes UTF-8 only. */
static bool query_is_utf8(const struct _u_map *query)
{
    for (int at = 0; at < query->nb_values; at++) {
        json_t *text = json_string(query->values[at]);

        json_decref(text);
        if (text == NULL)
            return false;
    }
    return true;
}

static void begin(struct incoming *incoming)
{
    struct listener *listener = incoming->listener;
    struct call *call = &incoming->call;

    if (incoming->begun)
        return;
    incoming->begun = true;
    call_init(call, listener->services, &incoming->request);
    call->method = incoming->request.http_verb;
    call->raw_path = incoming->request.url_path;
    call->address = incoming->request.client_address;
    call->predict_port = listener->predict;
    call->garbled = !query_is_utf8(incoming->request.map_url);
    call->crowded = connection_is_crowded(incoming->connection);
    call->last = call->crowded || atomic_load(&listener->draining);
}

static void end(struct incoming *incoming)
{
    if (incoming->begun)
        call_clear(&incoming->call);
    incoming->begun = false;
}

/* Hands the reply over to ulfius, which frees it. */
static void give_reply(struct reply *reply, struct _u_response *response)
{
    response->status = reply->status;
    if (reply->content_type != NULL)
        u_map_put(response->map_header, "Content-Type", reply->content_type);
    for (size_t at = 0; at < reply->headers_count; at++)
        u_map_put(response->map_header, reply->headers[at].name, reply->headers[at].value);
    response->binary_body = reply->body;
    response->binary_body_length = reply->length;
    reply->body = NULL;
}

static ssize_t read_stream(void *context, uint64_t offset, char *bytes, size_t most)
{
    struct reply *stream = context;
    ssize_t count = stream->next(stream->context, bytes, most);

    (void)offset;
    return count < 0 ? U_STREAM_END : count;
}

static void finish_stream(void *context)
{
    struct reply *stream = context;

    stream->finish(stream->context);
    free(stream);
}

/* Hands a stream over; without memory for that, the client is told to come again. */
static void give_stream(struct reply *reply, struct _u_response *response)
{
    struct reply *stream = malloc(sizeof *stream);

    if (stream == NULL) {
        response->status = 503;
        return;
    }
    *stream = *reply;
    reply->next = NULL;
    reply->finish = NULL;
    ulfius_set_stream_response(response, (unsigned)stream->status, read_stream, finish_stream,
                               stream->stream_bytes > 0 ? stream->stream_bytes
                                                        : U_STREAM_SIZE_UNKNOWN,
                               STREAM_BYTES, stream);
}

/* The one endpoint: called when a request is whole. */
static int handle(const struct _u_request *request, struct _u_response *response, void *context)
{
    struct incoming *incoming = (struct incoming *)request;
    struct listener *listener = context;
    struct call *call = &incoming->call;
    int64_t started_ms = clock_monotonic_ms();
    int64_t taken_s;

    connection_works(incoming->connection);
    begin(incoming);
    call->too_large = request->binary_body_length > listener->most_body_bytes;
    serve(call);
    give_reply(&call->reply, response);
    if (call->reply.next != NULL)
        give_stream(&call->reply, response);
    end(incoming);
    taken_s = (clock_monotonic_ms() - started_ms) / 1000;
    if (taken_s > SLOW_HANDLER_S)
        response->timeout = (unsigned)(taken_s + CONNECTION_WAIT_S);
    return U_CALLBACK_COMPLETE;
}

/*
 * A piece of a file of a multipart body; comes before the request is whole, so path and key are
 * checked here first. What is refused is read to its end and thrown away: refusing it here would
 * close the connection without an answer.
 */
static int take_piece(const struct _u_request *request, const char *part, const char *filename,
                      const char *content_type, const char *transfer_encoding, const char *data,
                      uint64_t offset, size_t size, void *context)
{
    struct incoming *incoming = (struct incoming *)request;
    struct call *call = &incoming->call;
    struct error err = {0};

    (void)transfer_encoding;
    (void)context;
    begin(incoming);
    incoming->request.binary_body_length = 0; /* ulfius keeps all that comes: not of a file */
    if (!serve_admit(call))
        return U_OK;
    if ((call->route->flags & ROUTE_FILES) == 0) {
        call->unwanted_file = true;
        return U_OK;
    }
    if (call->multipart == NULL)
        call->multipart = multipart_upload_new(call->services, &err);
    if (call->multipart == NULL)
        return U_ERROR;
    multipart_upload_add(call->multipart, part, filename, content_type, offset, data, size);
    connection_waits(incoming->connection); /* a file may take long, as long as it moves */
    return U_OK;
}

/* libmicrohttpd's notices ---------------------------------------------------------------------*/

static void *begin_request(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct connection_info_struct *info = ulfius_uri_logger(NULL, uri);
    struct incoming *incoming =
        info == NULL ? NULL : o_realloc(info->request, sizeof(struct incoming));

    if (incoming == NULL) {
        mhd_request_completed(NULL, connection, (void **)&info, MHD_REQUEST_TERMINATED_WITH_ERROR);
        return NULL;
    }
    info->request = &incoming->request;
    incoming->listener = context;
    incoming->begun = false;
    incoming->connection =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    connection_waits(incoming->connection);
    return info;
}

static void end_request(void *context, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode code)
{
    struct connection_info_struct *info = *request;

    if (info != NULL && info->request != NULL) {
        struct incoming *incoming = (struct incoming *)info->request;

        end(incoming);
        connection_waits(incoming->connection);
    }
    mhd_request_completed(context, connection, request, code);
}

static void note_connection(void *context, struct MHD_Connection *connection, void **place,
                            enum MHD_ConnectionNotificationCode code)
{
    struct listener *listener = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        tls_use(listener->services->tls, connection);
        *place = connection_open(
            listener->connections,
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    } else {
        connection_close(listener->connections, *place);
    }
}

/* Listeners -----------------------------------------------------------------------------------*/

static bool listener_start(struct listener *listener, struct error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned flags = listener->predict
                         ? MHD_USE_EPOLL_INTERNAL_THREAD
                         : MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION;
    struct MHD_OptionItem tls[TLS_OPTIONS];
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)end_request, listener},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)begin_request, listener},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)note_connection, listener},
        {MHD_OPTION_LISTEN_SOCKET, listener->socket, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)(2 * listener->most_connections + CROWD_MORE),
         NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_WAIT_S, NULL},
        {MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, NULL},
        {MHD_OPTION_ARRAY, 0, tls},
        {listener->predict ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, cores < 2 ? 2 : cores,
         NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    tls_options(listener->services->tls, tls);
    return ulfius_start_framework_with_mhd_options(
               &listener->instance, flags | MHD_USE_ITC | tls_flag(listener->services->tls),
               options) == U_OK ||
           error_set(err, ERROR_UNAVAILABLE, "could not answer on port %d", listener->port);
}

static bool listener_init(struct listener *listener, struct services *services, bool predict,
                          struct error *err)
{
    const struct config *config = services->config;

    listener->services = services;
    listener->predict = predict;
    listener->most_connections = (size_t)config->max_connections;
    listener->most_body_bytes = (size_t)config->max_body_kb << 10;
    listener->port = predict ? config->predict_port : config->port;
    listener->connections =
        connections_new(listener->most_connections, CONNECTION_WAIT_S * 1000, err);
    if (listener->connections == NULL)
        return false;
    listener->socket = listen_open(config->bind, &listener->port, err);
    if (listener->socket < 0)
        return false;
    if (ulfius_init_instance(&listener->instance, (unsigned)listener->port, NULL, NULL) != U_OK)
        return error_no_memory(err);
    listener->instance.max_post_body_size = listener->most_body_bytes + 1; /* one more tells */
    listener->instance.max_post_param_size = FORM_FIELD_BYTES;
    listener->instance.check_utf8 = 0; /* it would pass over in silence what is not */
    if (ulfius_set_default_endpoint(&listener->instance, handle, listener) != U_OK ||
        ulfius_set_upload_file_callback_function(&listener->instance, take_piece, listener) != U_OK)
        return error_no_memory(err);
    return true;
}

static void listener_clear(struct listener *listener)
{
    if (listener->instance.mhd_daemon != NULL)
        ulfius_stop_framework(&listener->instance);
    if (listener->instance.websocket_handler != NULL)
        ulfius_clean_instance(&listener->instance);
    connections_free(listener->connections);
    if (listener->socket >= 0)
        close(listener->socket);
}

struct adapter *adapter_new(struct services *services, struct error *err)
{
    struct adapter *adapter = calloc(1, sizeof *adapter);

    if (adapter == NULL) {
        error_no_memory(err);
        return NULL;
    }
    adapter->main_port.socket = -1;
    adapter->predict_port.socket = -1;
    if (form_reader_init(err) && listener_init(&adapter->predict_port, services, true, err) &&
        listener_init(&adapter->main_port, services, false, err))
        return adapter;
    adapter_free(adapter);
    return NULL;
}

bool adapter_start(struct adapter *adapter, struct error *err)
{
    return listener_start(&adapter->predict_port, err) && listener_start(&adapter->main_port, err);
}

/* The socket is ours again: clients are refused, no longer kept waiting. */
static void stop_accepting(struct listener *listener)
{
    atomic_store(&listener->draining, true);
    if (listener->instance.mhd_daemon != NULL)
        MHD_quiesce_daemon(listener->instance.mhd_daemon);
    close(listener->socket);
    listener->socket = -1;
}

void adapter_drain(struct adapter *adapter, int64_t grace_ms)
{
    static const struct timespec PAUSE = {.tv_nsec = 20000000};
    int64_t deadline_ms = clock_monotonic_ms() + grace_ms;

    stop_accepting(&adapter->main_port);
    stop_accepting(&adapter->predict_port);
    while ((connections_busy(adapter->main_port.connections) > 0 ||
            connections_busy(adapter->predict_port.connections) > 0) &&
           clock_monotonic_ms() < deadline_ms)
        nanosleep(&PAUSE, NULL);
}

void adapter_free(struct adapter *adapter)
{
    if (adapter == NULL)
        return;
    listener_clear(&adapter->main_port);
    listener_clear(&adapter->predict_port);
    free(adapter);
}

int adapter_port(const struct adapter *adapter)
{
    return adapter->main_port.port;
}

int adapter_predict_port(const struct adapter *adapter)
{
    return adapter->predict_port.port;
}

void adapter_connections(struct adapter *adapter, size_t *main_port, size_t *predict_port)
{
    *main_port = connections_count(adapter->main_port.connections);
    *predict_port = connections_count(adapter->predict_port.connections);
}
