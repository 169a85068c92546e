/* download.c - see download.h. */
#include "workers/fetch/download.h"

#include "infra/base/web_url.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    REDIRECTS_MOST = 5,
    CONNECT_S = 10,
    SLOW_S = 60, /* a server that sends less than SLOW_BYTES a second for so long is given up */
    SLOW_BYTES = 1000
};

/* One request. */
struct request {
    struct download *download;
    CURL *curl;
    int file;
    bool too_large;
    bool refused; /* an address was, the one in download->address */
    int write_errno;
};

extern const struct fetch_module trainyard_fetch;

static size_t take_bytes(char *data, size_t one, size_t size, void *context)
{
    struct request *request = context;
    struct download *download = request->download;
    size_t left = size;

    (void)one;
    if ((int64_t)size > download->most_bytes - download->size_bytes) {
        request->too_large = true;
        return 0;
    }
    while (left > 0) {
        ssize_t written = write(request->file, data, left);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            request->write_errno = errno;
            return 0;
        }
        data += written;
        left -= (size_t)written;
    }
    download->size_bytes += (int64_t)size;
    return size;
}

/*
 * The address is checked where it is connected to: what a name led to before, or leads to next,
 * does not matter.
 */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct request *request = context;

    address_text(&address->addr, address->addrlen, request->download->address);
    if (purpose == CURLSOCKTYPE_IPCXN &&
        (request->download->allow_private || address_is_public(&address->addr, address->addrlen)))
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    request->refused = true;
    return CURL_SOCKET_BAD;
}

static int look_up(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                   curl_off_t up_now)
{
    const struct download *download = context;

    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    return download->stopped != NULL && download->stopped(NULL);
}

static bool set_up(struct request *request, const char *url)
{
    const struct download *download = request->download;
    CURL *curl = request->curl;

    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK && /* it would connect for us */
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, request) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, request) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "Trainyard/" TRAINYARD_VERSION) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)download->most_bytes) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)download->timeout_s) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, download) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
}

/* What a request that libcurl gave up means. */
static bool failed(const struct request *request, CURLcode code, struct error *err)
{
    const struct download *download = request->download;

    if (code == CURLE_ABORTED_BY_CALLBACK && !request->refused)
        error_set(err, ERROR_CANCELLED, "stopped");
    else if (request->too_large || code == CURLE_FILESIZE_EXCEEDED)
        error_set(err, ERROR_VALIDATION, "the file at the URL is larger than %lld MiB, the limit",
                  (long long)(download->most_bytes >> 20));
    else if (request->write_errno != 0)
        error_set(err, ERROR_UNAVAILABLE, "the file could not be stored; try again later");
    else if (request->refused)
        error_set(err, ERROR_VALIDATION,
                  "the URL leads to %s, an address that is not public: put the table on a public "
                  "server, or upload it",
                  download->address);
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        error_set(err, ERROR_VALIDATION, "the certificate of the URL's server cannot be trusted");
    else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        error_set(err, ERROR_VALIDATION, "the URL, or one it leads to, cannot be understood");
    else
        error_set(err, ERROR_UNAVAILABLE, "the URL could not be fetched: %.150s",
                  curl_easy_strerror(code));
    return error_detail(err, "curl %d: %s %s", (int)code, curl_easy_strerror(code),
                        request->write_errno != 0 ? strerror(request->write_errno) : "");
}

static bool judge_status(long status, struct error *err)
{
    bool later = status >= 500 || status == 408 || status == 425 || status == 429;

    return status == 200 ||
           error_set(err, later ? ERROR_UNAVAILABLE : ERROR_VALIDATION,
                     "the URL was answered with status %ld: it must give the table with 200",
                     status);
}

/* One request; next is where it redirects to, empty if nowhere. */
static bool ask(struct request *request, const char *url, char next[static WEB_URL_BYTES],
                struct error *err)
{
    const char *problem = web_url_problem(url);
    const char *target = NULL;
    long status = 0;
    CURLcode code;

    *next = '\0';
    if (problem != NULL)
        return error_set(err, ERROR_VALIDATION, "the URL, or one it redirects to: %s", problem);
    request->download->size_bytes = 0;
    request->refused = false;
    if (ftruncate(request->file, 0) != 0 || lseek(request->file, 0, SEEK_SET) != 0 ||
        !set_up(request, url))
        return error_set(err, ERROR_UNAVAILABLE, "the URL could not be fetched now");
    code = curl_easy_perform(request->curl);
    if (code != CURLE_OK)
        return failed(request, code, err);
    curl_easy_getinfo(request->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(request->curl, CURLINFO_REDIRECT_URL, &target);
    if (target == NULL)
        return judge_status(status, err);
    if (strlen(target) >= WEB_URL_BYTES)
        return error_set(err, ERROR_VALIDATION, "the URL redirects to one that is too long");
    strcpy(next, target);
    return true;
}

static bool follow(struct request *request, struct error *err)
{
    char url[WEB_URL_BYTES];
    char next[WEB_URL_BYTES];

    if (strlen(request->download->url) >= sizeof url)
        return error_set(err, ERROR_VALIDATION, "the URL is too long");
    strcpy(url, request->download->url);
    for (int hops = 0; hops <= REDIRECTS_MOST; hops++) {
        if (!ask(request, url, next, err))
            return false;
        if (*next == '\0')
            return true;
        strcpy(url, next);
    }
    return error_set(err, ERROR_VALIDATION, "the URL redirects more than %d times", REDIRECTS_MOST);
}

static bool download(struct download *download, struct error *err)
{
    struct request request = {.download = download};
    bool ok = false;

    download->size_bytes = 0;
    *download->address = '\0';
    request.file = open(download->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    request.curl = curl_easy_init();
    if (request.file < 0) {
        error_set(err, ERROR_UNAVAILABLE, "the file could not be stored; try again later");
        error_detail(err, "open %s: %s", download->path, strerror(errno));
    } else if (request.curl == NULL) {
        error_no_memory(err);
    } else {
        ok = follow(&request, err);
    }
    curl_easy_cleanup(request.curl);
    if (request.file >= 0 && close(request.file) != 0 && ok)
        ok = error_set(err, ERROR_UNAVAILABLE, "the file could not be stored; try again later");
    return ok;
}

__attribute__((visibility("default"))) const struct fetch_module trainyard_fetch = {
    .download = download,
};
