/*
 * multipart.c - fuzz target: a multipart body, through the libraries that speak HTTP, to the blobs.
 *
 * No port and no thread: a server of ulfius is given one end of a pair of sockets and runs when
 * told. The first byte of an input says in pieces of which size the body comes, the second which
 * boundary is announced; the rest is the body.
 */
#include "api/multipart_upload.h"
#include "api/services.h"
#include "api/upload_request.h"
#include "infra/base/config.h"
#include "infra/blob/blob.h"
#include "tests/fuzz/fuzz.h"

#include <ftw.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <ulfius.h>
#include <unistd.h>

enum { BODY_MOST = 32 * 1024, TURNS_MOST = 64 };

static const char *const BOUNDARIES[] = {"b", "\"b\"", "", "b; charset=x", "-", "b b"};
enum { BOUNDARIES_COUNT = sizeof BOUNDARIES / sizeof *BOUNDARIES };

struct target {
    struct config config;
    struct services services;
    struct _u_instance instance;
    struct multipart_upload *multipart;
    bool answered;
};

static int take_piece(const struct _u_request *request, const char *part, const char *filename,
                      const char *content_type, const char *transfer_encoding, const char *data,
                      uint64_t offset, size_t size, void *context)
{
    struct target *target = context;
    struct error err = {0};

    (void)request;
    (void)transfer_encoding;
    if (target->multipart == NULL)
        target->multipart = multipart_upload_new(&target->services, &err);
    FUZZ_REQUIRE(target->multipart != NULL);
    multipart_upload_add(target->multipart, part, filename, content_type, offset, data, size);
    return U_OK;
}

/* The file that was taken is there under its digest; takes it away again. */
static void check_file(struct target *target, const struct multipart_file *file)
{
    char path[BLOB_PATH_BYTES];
    struct error err = {0};

    FUZZ_REQUIRE(file->filename[0] != '\0' && strchr(file->filename, '/') == NULL);
    FUZZ_REQUIRE(file->size_bytes >= 0 && file->size_bytes <= BODY_MOST);
    if (blobs_path(target->services.blobs, file->digest, path, &err))
        unlink(path);
}

static int handle(const struct _u_request *request, struct _u_response *response, void *context)
{
    struct target *target = context;
    struct error err = {0};
    json_t *files;

    (void)request;
    target->answered = true;
    response->status = 200;
    if (target->multipart == NULL)
        return U_CALLBACK_COMPLETE;
    if (multipart_upload_end(target->multipart, &err)) {
        files = upload_request_files(target->multipart);
        FUZZ_REQUIRE(json_array_size(files) == multipart_upload_count(target->multipart));
        json_decref(files);
    } else {
        FUZZ_REQUIRE(err.message[0] != '\0' && err.code != ERROR_UNAVAILABLE);
    }
    for (size_t at = 0; at < multipart_upload_count(target->multipart); at++)
        if (multipart_upload_file(target->multipart, at)->digest[0] != '\0')
            check_file(target, multipart_upload_file(target->multipart, at));
    return U_CALLBACK_COMPLETE;
}

static char dir[64]; /* of the blobs; removed at the end */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_blobs(void)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* In memory where there is such a folder: nothing here needs to last. */
static struct blobs *open_blobs(void)
{
    struct error err = {0};
    struct blobs *blobs;

    snprintf(dir, sizeof dir, "%s/trainyard-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_REQUIRE(mkdtemp(dir) != NULL && atexit(remove_blobs) == 0);
    blobs = blobs_open(dir, &err);
    FUZZ_REQUIRE(blobs != NULL);
    return blobs;
}

static struct target *target_start(void)
{
    static struct target target; /* started once; the process ends with it */
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)mhd_request_completed, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)ulfius_uri_logger, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    if (target.services.blobs != NULL)
        return &target;
    target.config.max_upload_mb = 1;
    target.services.config = &target.config;
    target.services.blobs = open_blobs();
    FUZZ_REQUIRE(ulfius_init_instance(&target.instance, 1, NULL, NULL) == U_OK);
    target.instance.max_post_body_size = BODY_MOST;
    target.instance.check_utf8 = 0;
    ulfius_set_default_endpoint(&target.instance, handle, &target);
    ulfius_set_upload_file_callback_function(&target.instance, take_piece, &target);
    FUZZ_REQUIRE(ulfius_start_framework_with_mhd_options(&target.instance, MHD_USE_NO_LISTEN_SOCKET,
                                                         options) == U_OK);
    return &target;
}

static void run(struct target *target, int client, bool until_answered)
{
    char answer[4096];

    for (int turn = 0; turn < TURNS_MOST; turn++) {
        ssize_t got;

        MHD_run(target->instance.mhd_daemon);
        got = recv(client, answer, sizeof answer, MSG_DONTWAIT);
        if (got == 0 || !until_answered)
            return;
    }
}

static void put(struct target *target, int client, const void *data, size_t size, size_t piece)
{
    for (size_t at = 0; at < size; at += piece) {
        size_t count = size - at < piece ? size - at : piece;

        if (send(client, (const char *)data + at, count, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return;
        run(target, client, false);
    }
}

static void send_request(struct target *target, int client, const char *boundary,
                         const uint8_t *body, size_t size, size_t piece)
{
    char head[256];
    int length = snprintf(head, sizeof head,
                          "POST /uploads HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                          "Content-Type: multipart/form-data; boundary=%s\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          boundary, size);

    put(target, client, head, (size_t)length, (size_t)length);
    put(target, client, body, size, piece);
    run(target, client, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sockaddr_in ADDRESS = {.sin_family = AF_INET};
    struct target *target = target_start();
    int ends[2];

    if (size < 2 || size - 2 > BODY_MOST)
        return 0;
    FUZZ_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    FUZZ_REQUIRE(MHD_add_connection(target->instance.mhd_daemon, ends[1],
                                    (const struct sockaddr *)&ADDRESS, sizeof ADDRESS) == MHD_YES);
    send_request(target, ends[0], BOUNDARIES[data[1] % BOUNDARIES_COUNT], data + 2, size - 2,
                 data[0] == 0 ? BODY_MOST : (size_t)data[0] * 4);
    close(ends[0]);
    run(target, ends[0], false);
    run(target, ends[0], false);
    multipart_upload_free(target->multipart);
    target->multipart = NULL;
    target->answered = false;
    return 0;
}
