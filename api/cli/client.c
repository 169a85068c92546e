/* client.c - see client.h. */
#include "api/cli/client.h"

#include "infra/base/ids.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    CONNECT_S = 10,
    CALL_S = 300,   /* a long poll or a batch may take its time */
    SILENCE_S = 60, /* a stream says something every 10 s */
    TRIES = 4,
    RETRY_MOST_S = 30,
};

struct client {
    CURL *curl;
    char *url; /* without a slash at its end */
    char *key;
    char *ca_file;
    bool is_local;
    struct buffer text;
    json_t *refusal;
    char curl_error[CURL_ERROR_SIZE];
};

/* One request on its way. */
struct transfer {
    struct client *client;
    FILE *file;
    client_take take;
    client_moved moved;
    void *context;
    bool sends; /* moved is told of what is sent, not of what comes */
    bool ended; /* take wanted no more */
};

static bool is_local(const char *url)
{
    const char *host = strstr(url, "://");

    host = host == NULL ? url : host + 3;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
           strncmp(host, "[::1]", 5) == 0;
}

struct client *client_new(const struct client_settings *settings, struct error *err)
{
    struct client *client;

    if (strncmp(settings->url, "http://", 7) != 0 && strncmp(settings->url, "https://", 8) != 0) {
        error_set(err, ERROR_INVALID_REQUEST,
                  "TRAINYARD_URL is '%.100s': give one such as http://127.0.0.1:8080",
                  settings->url);
        return NULL;
    }
    client = calloc(1, sizeof *client);
    if (client != NULL) {
        client->curl = curl_easy_init();
        client->url = strdup(settings->url);
        client->key = strdup(settings->key == NULL ? "" : settings->key);
        client->ca_file = strdup(settings->ca_file == NULL ? "" : settings->ca_file);
    }
    if (client == NULL || client->curl == NULL || client->url == NULL || client->key == NULL ||
        client->ca_file == NULL) {
        error_no_memory(err);
        client_free(client);
        return NULL;
    }
    while (client->url[strlen(client->url) - 1] == '/')
        client->url[strlen(client->url) - 1] = '\0';
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    json_decref(client->refusal);
    buffer_clear(&client->text);
    free(client->url);
    free(client->key);
    free(client->ca_file);
    free(client);
}

const char *client_text(const struct client *client)
{
    return client->text.data == NULL ? "" : client->text.data;
}

const json_t *client_refusal(const struct client *client)
{
    return client->refusal;
}

static long status_of(struct client *client)
{
    long status = 0;

    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;

    if (status_of(transfer->client) != 200 || (transfer->file == NULL && transfer->take == NULL)) {
        buffer_add(&transfer->client->text, data, length);
        return transfer->client->text.failed ? 0 : length;
    }
    if (transfer->file != NULL)
        return fwrite(data, 1, length, transfer->file);
    transfer->ended = !transfer->take(transfer->context, data, length);
    return transfer->ended ? 0 : length;
}

static int on_moved(void *context, curl_off_t come_total, curl_off_t come, curl_off_t sent_total,
                    curl_off_t sent)
{
    struct transfer *transfer = context;

    if (transfer->moved != NULL && transfer->sends)
        transfer->moved(transfer->context, sent, sent_total);
    else if (transfer->moved != NULL && status_of(transfer->client) == 200)
        transfer->moved(transfer->context, come, come_total);
    return 0;
}

static void add_header(struct curl_slist **headers, const char *name, const char *value)
{
    struct buffer line = {0};
    struct curl_slist *longer;

    buffer_printf(&line, "%s: %s", name, value);
    longer = line.failed ? NULL : curl_slist_append(*headers, line.data);
    if (longer != NULL)
        *headers = longer;
    buffer_clear(&line);
}

/* What all requests share. */
static void prepare(struct transfer *transfer, const char *url, struct curl_slist *headers)
{
    struct client *client = transfer->client;
    CURL *curl = client->curl;

    buffer_reset(&client->text);
    client->curl_error[0] = '\0';
    curl_easy_reset(curl); /* keeps connections */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "trainyard/" TRAINYARD_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->curl_error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, transfer->moved == NULL ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_moved);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    if (is_local(url))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (*client->ca_file != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
}

static enum error_code code_of(long status)
{
    for (int code = ERROR_INVALID_REQUEST; code < ERROR_CODES; code++)
        if (error_status((enum error_code)code) == status && code != ERROR_CANCELLED)
            return (enum error_code)code;
    return status >= 500 ? ERROR_INTERNAL : ERROR_INVALID_REQUEST;
}

/* Fills err from an answer that is no success, and keeps its body. */
static bool refused(struct client *client, struct error *err)
{
    long status = status_of(client);
    const char *message;

    client->refusal = json_loadb(client_text(client), client->text.length, 0, NULL);
    message =
        json_string_value(json_object_get(json_object_get(client->refusal, "error"), "message"));
    if (message == NULL)
        return error_set(err, code_of(status), "%.100s answers %ld and says not why", client->url,
                         status);
    return error_set(err, code_of(status), "%s", message);
}

/* Does what was prepared; false (ERROR_UNAVAILABLE) when no answer came. */
static bool perform(struct transfer *transfer, struct error *err)
{
    struct client *client = transfer->client;
    CURLcode code = curl_easy_perform(client->curl);

    json_decref(client->refusal);
    client->refusal = NULL;
    if (transfer->ended)
        return true;
    if (code == CURLE_WRITE_ERROR && transfer->file != NULL)
        return error_set(err, ERROR_INTERNAL, "could not write the file: is the disk full?");
    /* a server that refuses an upload may hang up before it has read all of it */
    if (code != CURLE_OK && !(code == CURLE_SEND_ERROR && status_of(client) >= 400)) {
        error_set(err, ERROR_UNAVAILABLE, "%.100s does not answer", client->url);
        return error_detail(
            err, "%s", *client->curl_error != '\0' ? client->curl_error : curl_easy_strerror(code));
    }
    return status_of(client) == 200 || refused(client, err);
}

static bool has_key(const struct client *client, struct error *err)
{
    return *client->key != '\0' ||
           error_set(err, ERROR_UNAUTHORIZED,
                     "no API key: set TRAINYARD_API_KEY, or give --key (scripts/up notes one in "
                     ".trainyard/env)");
}

static struct curl_slist *new_headers(const struct client *client)
{
    struct curl_slist *headers = NULL;
    struct buffer value = {0};

    buffer_printf(&value, "Bearer %s", client->key);
    if (!value.failed)
        add_header(&headers, "Authorization", value.data);
    buffer_clear(&value);
    return headers;
}

static void pause_s(long seconds)
{
    struct timespec time = {.tv_sec = seconds};

    nanosleep(&time, NULL);
}

/* Whether to try again after so many tries; waits before. */
static bool try_again(struct client *client, int tries, const struct error *err)
{
    curl_off_t after = 0;

    if (tries == TRIES || (err->code != ERROR_UNAVAILABLE && err->code != ERROR_RATE_LIMIT))
        return false;
    curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &after);
    if (after > RETRY_MOST_S)
        return false;
    pause_s(after > 0 ? (long)after : 1L << (tries - 1));
    return true;
}

bool client_call(struct client *client, const char *method, const char *path, const char *body,
                 json_t **answer, struct error *err)
{
    struct transfer transfer = {.client = client};
    struct curl_slist *headers = NULL;
    struct buffer url = {0};
    bool ok = false;

    *answer = NULL;
    if (!has_key(client, err))
        return false;
    headers = new_headers(client);
    add_header(&headers, "Accept", "application/json");
    if (body != NULL)
        add_header(&headers, "Content-Type", "application/json");
    if (strcmp(method, "POST") == 0)
        add_header(&headers, "Idempotency-Key", id_new("cli").text);
    buffer_printf(&url, "%s%s", client->url, path);
    if (url.failed)
        error_no_memory(err);
    for (int tries = 1; !url.failed && !ok; tries++) {
        prepare(&transfer, url.data, headers);
        curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, (long)CALL_S);
        if (strcmp(method, "GET") != 0) {
            curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body == NULL ? "" : body);
            curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
        }
        ok = perform(&transfer, err);
        if (!ok && !try_again(client, tries, err))
            break;
    }
    curl_slist_free_all(headers);
    buffer_clear(&url);
    if (!ok)
        return false;
    *answer = json_loadb(client_text(client), client->text.length, JSON_DECODE_ANY, NULL);
    return *answer != NULL ||
           error_set(err, ERROR_INTERNAL, "%.100s%.100s answers no JSON", client->url, path);
}

bool client_put(struct client *client, const char *url, FILE *file, int64_t size,
                const char *content_type, client_moved moved, void *context, struct error *err)
{
    struct transfer transfer = {
        .client = client, .moved = moved, .context = context, .sends = true};
    struct curl_slist *headers = NULL;
    bool ok;

    add_header(&headers, "Content-Type", content_type);
    prepare(&transfer, url, headers);
    curl_easy_setopt(client->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(client->curl, CURLOPT_READDATA, file);
    curl_easy_setopt(client->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)CALL_S);
    ok = perform(&transfer, err);
    curl_slist_free_all(headers);
    return ok;
}

bool client_download(struct client *client, const char *where, FILE *file, client_moved moved,
                     void *context, struct error *err)
{
    struct transfer transfer = {.client = client, .file = file, .moved = moved, .context = context};
    size_t length = strlen(client->url);
    bool own = *where == '/' || (strncmp(where, client->url, length) == 0 && where[length] == '/');
    struct curl_slist *headers = own ? new_headers(client) : NULL;
    struct buffer url = {0};
    bool ok;

    buffer_printf(&url, "%s%s", *where == '/' ? client->url : "", where);
    if (url.failed) {
        ok = error_no_memory(err);
    } else {
        prepare(&transfer, url.data, headers);
        curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)CALL_S);
        ok = perform(&transfer, err);
    }
    curl_slist_free_all(headers);
    buffer_clear(&url);
    return ok;
}

bool client_stream(struct client *client, const char *path, client_take take, void *context,
                   struct error *err)
{
    struct transfer transfer = {.client = client, .take = take, .context = context};
    struct curl_slist *headers;
    struct buffer url = {0};
    bool ok;

    if (!has_key(client, err))
        return false;
    headers = new_headers(client);
    add_header(&headers, "Accept", "text/event-stream");
    buffer_printf(&url, "%s%s", client->url, path);
    if (url.failed) {
        ok = error_no_memory(err);
    } else {
        prepare(&transfer, url.data, headers);
        curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
        ok = perform(&transfer, err);
    }
    curl_slist_free_all(headers);
    buffer_clear(&url);
    return ok;
}

static void add_encoded(struct buffer *path, const char *text)
{
    static const char PLAIN[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (; *text != '\0'; text++)
        if (strchr(PLAIN, *text) != NULL)
            buffer_add_char(path, *text);
        else
            buffer_printf(path, "%%%02X", (unsigned char)*text);
}

void client_path_add(struct buffer *path, const char *literal, const char *part)
{
    buffer_add_text(path, literal);
    if (part != NULL)
        add_encoded(path, part);
}

void client_path_query(struct buffer *path, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buffer_add_char(path, path->data != NULL && strchr(path->data, '?') != NULL ? '&' : '?');
    buffer_add_text(path, name);
    buffer_add_char(path, '=');
    add_encoded(path, value);
}
