/* put_listener.c - see put_listener.h. */
#include "api/put_listener.h"

#include "api/connections.h"
#include "api/error_body.h"
#include "api/services.h"
#include "api/tls.h"
#include "api/upload_sign.h"
#include "infra/base/buffer.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/base/log.h"
#include "infra/blob/blob_writer.h"
#include "infra/postgres/pool.h"
#include "infra/store/uploads.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    IDLE_S = 30,                 /* a client that sends nothing for so long is dropped */
    CONNECTIONS_MOST = 256,      /* a thread each */
    STACK_BYTES = 256 * 1024,    /* of such a thread */
    READ_BYTES = 64 * 1024,      /* what is read at once */
    SWALLOW_BYTES_MOST = 8 << 20 /* a refused body of this size is read, so that the client, who
                                    sends before it listens, hears why */
};

struct put_listener {
    struct services *services;
    struct connections *connections; /* drops those whose headers do not come */
    struct MHD_Daemon *daemon;
    int port;
};

/* One request. */
struct put {
    struct blob_writer *writer; /* NULL: refused, or no PUT */
    bool swallow;
    struct error err; /* why it is refused */
    const char *method;
    char upload_id[ID_BYTES];
    size_t index;
    char digest[DIGEST_BYTES]; /* once it is stored */
};

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const char *argument(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* Answers --------------------------------------------------------------------------------------*/

static void add_cors(struct MHD_Response *response)
{
    MHD_add_response_header(response, "Access-Control-Allow-Origin", "*");
    MHD_add_response_header(response, "Access-Control-Allow-Methods", "OPTIONS,PUT");
    MHD_add_response_header(response, "Access-Control-Allow-Headers", "Content-Type");
    MHD_add_response_header(response, "Access-Control-Expose-Headers", "ETag");
    MHD_add_response_header(response, "Access-Control-Max-Age", "86400");
}

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status,
                                     struct MHD_Response *response)
{
    enum MHD_Result sent = MHD_NO;

    if (response != NULL) {
        add_cors(response);
        sent = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
    }
    return sent;
}

static struct MHD_Response *empty_response(void)
{
    return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
}

static char *error_text(const struct error *failure)
{
    struct buffer body = {0};
    struct error ignored = {0};

    error_body_add(&body, failure, id_new("req").text, NULL);
    return buffer_take(&body, &ignored);
}

static enum MHD_Result refuse(struct MHD_Connection *connection, const struct put *put)
{
    char *body = error_text(&put->err);
    struct MHD_Response *response;

    if (error_status(put->err.code) >= 500)
        log_failure("upload failed", &put->err, log_str("upload", put->upload_id));
    else
        log_info("upload refused", log_str("upload", put->upload_id),
                 log_str("error", put->err.message));
    if (body == NULL)
        return MHD_NO;
    response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(body);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "application/json");
    if (put->err.code == ERROR_METHOD)
        MHD_add_response_header(response, "Allow", "OPTIONS, PUT");
    if (error_status(put->err.code) == 503)
        MHD_add_response_header(response, "Retry-After", "5");
    return send_response(connection, (unsigned)error_status(put->err.code), response);
}

static enum MHD_Result confirm(struct MHD_Connection *connection, const struct put *put)
{
    struct MHD_Response *response = empty_response();
    char etag[DIGEST_BYTES + 2];

    if (response != NULL && put->digest[0] != '\0') {
        etag[0] = '"';
        memcpy(etag + 1, put->digest, DIGEST_BYTES - 1);
        memcpy(etag + DIGEST_BYTES, "\"", 2);
        MHD_add_response_header(response, "ETag", etag);
    }
    return send_response(connection, put->digest[0] != '\0' ? 200 : 204, response);
}

/* What is checked before the body ---------------------------------------------------------------*/

static bool check_length(struct put_listener *listener, const char *text, int64_t *length,
                         struct error *err)
{
    int64_t most = (int64_t)listener->services->config->max_upload_mb << 20;
    char *end;

    if (text == NULL)
        return error_set(err, ERROR_INVALID_REQUEST, "Content-Length is missing: send it");
    errno = 0;
    *length = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || *length < 0)
        return error_set(err, ERROR_INVALID_REQUEST, "Content-Length is no length");
    if (errno == ERANGE || *length > most)
        return error_set(err, ERROR_TOO_LARGE, "the file is larger than %d MiB",
                         listener->services->config->max_upload_mb);
    return true;
}

/* Whether two content types name the same type, whatever parameters follow. */
static bool same_type(const char *a, const char *b)
{
    size_t length = strcspn(a, "; ");

    return length == strcspn(b, "; ") && strncasecmp(a, b, length) == 0;
}

static bool check_file(const struct upload *upload, size_t index, const char *content_type,
                       int64_t length, struct error *err)
{
    const json_t *file = json_array_get(upload->files, index);
    const char *declared = json_string_value(json_object_get(file, "content_type"));
    const json_t *size = json_object_get(file, "size_bytes");
    bool first = json_string_value(json_object_get(file, "digest")) == NULL;

    if (file == NULL || declared == NULL)
        return error_set(err, ERROR_NOT_FOUND, "the upload has no such file");
    if (upload->status != UPLOAD_PENDING)
        return error_set(err, ERROR_CONFLICT,
                         "the upload takes no more files, it is %s: make a new one",
                         state_word(MACHINE_UPLOAD, upload->status));
    if (content_type == NULL || !same_type(content_type, declared))
        return error_set(err, ERROR_INVALID_REQUEST,
                         "Content-Type must be the declared one: %.150s", declared);
    if (first && json_is_integer(size) && json_integer_value(size) != length)
        return error_set(err, ERROR_INVALID_REQUEST,
                         "the file was declared with %lld bytes, but Content-Length is %lld",
                         (long long)json_integer_value(size), (long long)length);
    return true;
}

static bool check_upload(struct put_listener *listener, struct put *put, const char *content_type,
                         int64_t length)
{
    struct pg *db = pg_pool_borrow(listener->services->db, &put->err);
    struct upload upload = {0};
    bool ok = db != NULL && uploads_find_signed(db, put->upload_id, &upload, &put->err) &&
              check_file(&upload, put->index, content_type, length, &put->err);

    upload_clear(&upload);
    pg_pool_return(listener->services->db, db);
    return ok;
}

static bool accept_put(struct put_listener *listener, struct MHD_Connection *connection,
                       const char *path, struct put *put)
{
    struct services *services = listener->services;
    int64_t length = 0;

    if (!upload_sign_parse(path, put->upload_id, &put->index))
        return error_set(&put->err, ERROR_NOT_FOUND,
                         "no such path: use the presigned_url as it was given");
    if (strcmp(put->method, "PUT") != 0)
        return error_set(&put->err, ERROR_METHOD, "send files by PUT");
    if (!upload_sign_check(services->signing_key, path, argument(connection, "expires"),
                           argument(connection, "signature"), clock_wall_ms() / 1000, &put->err) ||
        !check_length(listener, header(connection, "Content-Length"), &length, &put->err) ||
        !check_upload(listener, put, header(connection, "Content-Type"), length))
        return false;
    put->writer = blob_writer_new(services->blobs, length, &put->err);
    return put->writer != NULL;
}

/* Whether a refused body is read all the same; else the connection is shut after the answer. */
static bool should_swallow(struct MHD_Connection *connection)
{
    const char *length = header(connection, "Content-Length");

    return header(connection, "Expect") == NULL && length != NULL && strlen(length) < 12 &&
           strtoll(length, NULL, 10) <= SWALLOW_BYTES_MOST;
}

/* The request's way ----------------------------------------------------------------------------*/

static bool store(struct put_listener *listener, struct put *put)
{
    struct pg_pool *pool = listener->services->db;
    int64_t size_bytes = blob_writer_size(put->writer);
    struct pg *db = NULL;
    bool ok = blob_writer_end(put->writer, put->digest, &put->err) &&
              (db = pg_pool_borrow(pool, &put->err)) != NULL &&
              uploads_set_file(db, put->upload_id, put->index, put->digest, size_bytes, &put->err);

    pg_pool_return(pool, db);
    if (ok)
        log_info("file received", log_str("upload", put->upload_id),
                 log_int("file", (int64_t)put->index), log_int("size_bytes", size_bytes));
    return ok;
}

static enum MHD_Result begin(struct put_listener *listener, struct MHD_Connection *connection,
                             const char *path, const char *method, void **context)
{
    struct put *put = calloc(1, sizeof *put);

    if (put == NULL)
        return MHD_NO;
    *context = put;
    put->method = method;
    connection_works(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
    if (strcmp(method, "OPTIONS") == 0 || accept_put(listener, connection, path, put))
        return MHD_YES;
    put->swallow = should_swallow(connection);
    return put->swallow ? MHD_YES : refuse(connection, put);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **request)
{
    struct put_listener *listener = context;
    struct put *put = *request;

    (void)version;
    if (put == NULL)
        return begin(listener, connection, path, method, request);
    if (*size > 0) {
        if (put->writer != NULL && !blob_writer_add(put->writer, data, *size, &put->err)) {
            blob_writer_free(put->writer);
            put->writer = NULL;
        }
        *size = 0;
        return MHD_YES; /* an answer in the middle of a body would not be read */
    }
    if (put->writer != NULL && store(listener, put))
        return confirm(connection, put);
    if (strcmp(method, "OPTIONS") == 0)
        return confirm(connection, put);
    return refuse(connection, put);
}

/* Called also when the client went away: what is not whole is removed. */
static void completed(void *context, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode how)
{
    struct put *put = *request;

    (void)context;
    (void)how;
    connection_waits(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
    if (put == NULL)
        return;
    blob_writer_free(put->writer);
    free(put);
    *request = NULL;
}

static void note_connection(void *context, struct MHD_Connection *connection, void **place,
                            enum MHD_ConnectionNotificationCode code)
{
    struct put_listener *listener = context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connection_close(listener->connections, *place);
        return;
    }
    tls_use(listener->services->tls, connection);
    *place = connection_open(
        listener->connections,
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
}

/* Start and stop -------------------------------------------------------------------------------*/

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool read_address(const struct config *config, union address *address, struct error *err)
{
    *address = (union address){0};
    if (inet_pton(AF_INET, config->bind, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)config->upload_port);
        return true;
    }
    if (inet_pton(AF_INET6, config->bind, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)config->upload_port);
        return true;
    }
    return error_set(err, ERROR_INVALID_REQUEST, "TRAINYARD_BIND is no address: %.100s",
                     config->bind);
}

static struct MHD_Daemon *listen_at(struct put_listener *listener, const union address *address)
{
    const struct config *config = listener->services->config;
    unsigned most = config->max_connections < CONNECTIONS_MOST ? (unsigned)config->max_connections
                                                               : CONNECTIONS_MOST;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | (address->any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0) |
                     tls_flag(listener->services->tls);
    struct MHD_OptionItem tls[TLS_OPTIONS];

    tls_options(listener->services->tls, tls);
    return MHD_start_daemon(flags, (uint16_t)config->upload_port, NULL, NULL, handle, listener,
                            MHD_OPTION_SOCK_ADDR, &address->any, MHD_OPTION_NOTIFY_COMPLETED,
                            completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, note_connection,
                            listener, MHD_OPTION_ARRAY, tls, MHD_OPTION_CONNECTION_LIMIT, most,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                            MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)READ_BYTES, MHD_OPTION_END);
}

struct put_listener *put_listener_new(struct services *services, struct error *err)
{
    struct put_listener *listener = calloc(1, sizeof *listener);
    const union MHD_DaemonInfo *info;
    union address address;

    if (listener == NULL) {
        error_no_memory(err);
        return NULL;
    }
    listener->services = services;
    listener->connections = connections_new(CONNECTIONS_MOST, CONNECTION_WAIT_S * 1000, err);
    if (listener->connections == NULL || !read_address(services->config, &address, err)) {
        connections_free(listener->connections);
        free(listener);
        return NULL;
    }
    listener->daemon = listen_at(listener, &address);
    if (listener->daemon == NULL) {
        error_set(err, ERROR_UNAVAILABLE, "could not listen on upload port %d: %.100s",
                  services->config->upload_port, strerror(errno));
        connections_free(listener->connections);
        free(listener);
        return NULL;
    }
    info = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_BIND_PORT);
    listener->port = info == NULL ? services->config->upload_port : info->port;
    return listener;
}

void put_listener_free(struct put_listener *listener)
{
    if (listener == NULL)
        return;
    MHD_stop_daemon(listener->daemon);
    connections_free(listener->connections);
    free(listener);
}

int put_listener_port(const struct put_listener *listener)
{
    return listener->port;
}
