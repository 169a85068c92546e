/* test_put_listener.c - files by signed PUT, spoken byte by byte over a socket. */
#include "api/put_listener.h"
#include "api/services.h"
#include "api/upload_sign.h"
#include "infra/base/clock.h"
#include "infra/base/config.h"
#include "infra/base/ids.h"
#include "infra/blob/blob.h"
#include "infra/store/uploads.h"
#include "tests/integration/support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, ANSWER_BYTES = 8192 };

static const char KEY[] = "a signing key";
static const char CSV[] = "a,b\n1,2\n3,4\n";

struct fixture {
    struct support s;
    char dir[64];
    struct config config;
    struct services services;
    struct put_listener *listener;
    char answer[ANSWER_BYTES];
};

static int with_listener(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = {0};

    support_init(&f->s);
    strcpy(f->dir, "/tmp/test_put_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    strcpy(f->config.bind, "127.0.0.1");
    f->config.max_upload_mb = 32;
    f->config.max_connections = 100;
    f->services = (struct services){.config = &f->config,
                                    .db = f->s.pool,
                                    .blobs = blobs_open(f->dir, &err),
                                    .signing_key = KEY};
    assert_non_null(f->services.blobs);
    f->listener = put_listener_new(&f->services, &err);
    assert_non_null(f->listener);
    *state = f;
    return 0;
}

static int without_listener(void **state)
{
    struct fixture *f = *state;
    char command[128];

    put_listener_free(f->listener);
    blobs_close(f->services.blobs);
    support_clear(&f->s);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Uploads and their URLs ------------------------------------------------------------------------*/

static struct id create(struct fixture *f, int64_t declared_bytes)
{
    struct id id = id_new("upload");
    struct error err = {0};
    json_t *files = json_pack(
        "[{s:s, s:s, s:o, s:n}]", "filename", "a.csv", "content_type", "text/csv", "size_bytes",
        declared_bytes < 0 ? json_null() : json_integer(declared_bytes), "digest");
    const struct new_upload upload = {
        .id = id.text, .account = f->s.account, .name = "a", .files = files, .lifetime_s = 3600};

    assert_true(uploads_create(f->s.db, &upload, &err));
    json_decref(files);
    return id;
}

static void target_of(const char *id, int64_t expires_s, char url[static UPLOAD_URL_BYTES])
{
    upload_sign_url(KEY, "", id, 0, expires_s, url);
}

static void good_target(const char *id, char url[static UPLOAD_URL_BYTES])
{
    target_of(id, clock_wall_ms() / 1000 + 60, url);
}

/* The digest that the upload has for its file; "" while it has none. */
static const char *stored(struct fixture *f, const char *id)
{
    return support_text(&f->s, "select files->0->>'digest' from uploads where id = $1",
                        PG_VALUES(id));
}

static bool tmp_is_empty(struct fixture *f)
{
    char path[128];
    struct dirent *entry;
    bool empty = true;
    DIR *folder;

    snprintf(path, sizeof path, "%s/tmp", f->dir);
    folder = opendir(path);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        empty = empty && entry->d_name[0] == '.';
    closedir(folder);
    return empty;
}

/* HTTP, as bytes --------------------------------------------------------------------------------*/

static int connect_to(struct fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)put_listener_port(f->listener)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(file, (struct sockaddr *)&address, sizeof address), 0);
    return file;
}

static void send_text(int file, const char *text)
{
    assert_int_equal(send(file, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void read_answer(struct fixture *f, int file)
{
    size_t length = 0;
    ssize_t got;

    while (length < ANSWER_BYTES - 1 &&
           (got = recv(file, f->answer + length, ANSWER_BYTES - 1 - length, 0)) > 0)
        length += (size_t)got;
    f->answer[length] = '\0';
    close(file);
}

/* Sends a whole request; its status. The rest of the answer is in f->answer. */
static int request(struct fixture *f, const char *method, const char *target, const char *headers,
                   const char *body)
{
    char head[2048];
    int file = connect_to(f);

    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", method,
             target, headers);
    send_text(file, head);
    send_text(file, body);
    read_answer(f, file);
    return strncmp(f->answer, "HTTP/1.1 ", 9) == 0 ? atoi(f->answer + 9) : 0;
}

static int put(struct fixture *f, const char *target, const char *type, const char *body)
{
    char headers[256];

    snprintf(headers, sizeof headers, "Content-Type: %s\r\nContent-Length: %zu\r\n", type,
             strlen(body));
    return request(f, "PUT", target, headers, body);
}

/* Tests -----------------------------------------------------------------------------------------*/

static void a_file_is_stored_under_its_digest(void **state)
{
    struct fixture *f = *state;
    struct id id = create(f, -1);
    char url[UPLOAD_URL_BYTES];
    char digest[DIGEST_BYTES];
    char path[BLOB_PATH_BYTES];
    struct error err = {0};

    good_target(id.text, url);
    assert_int_equal(put(f, url, "text/csv", CSV), 200);
    digest_of(CSV, strlen(CSV), digest);
    assert_non_null(strstr(f->answer, digest));
    assert_string_equal(stored(f, id.text), digest);
    assert_int_equal(support_int(&f->s,
                                 "select (files->0->>'size_bytes')::int from uploads where id = $1",
                                 PG_VALUES(id.text)),
                     strlen(CSV));
    assert_true(blobs_path(f->services.blobs, digest, path, &err));
    assert_int_equal(put(f, url, "Text/CSV; charset=utf-8", "a\n1\n"), 200);
    assert_string_not_equal(stored(f, id.text), digest);
    assert_true(tmp_is_empty(f));
}

static void an_empty_file_is_a_file(void **state)
{
    struct fixture *f = *state;
    struct id id = create(f, -1);
    char url[UPLOAD_URL_BYTES];

    good_target(id.text, url);
    assert_int_equal(put(f, url, "text/csv", ""), 200);
    assert_string_not_equal(stored(f, id.text), "");
}

static void what_is_wrong_is_said_before_the_body(void **state)
{
    struct fixture *f = *state;
    struct id id = create(f, -1);
    struct id sized = create(f, 5);
    char good[UPLOAD_URL_BYTES];
    char late[UPLOAD_URL_BYTES];
    char unknown[UPLOAD_URL_BYTES];
    char declared[UPLOAD_URL_BYTES];
    static const char HUGE_FILE[] = "Content-Type: text/csv\r\nContent-Length: 33554433\r\n"
                                    "Expect: 100-continue\r\n";

    good_target(id.text, good);
    target_of(id.text, clock_wall_ms() / 1000 - 1, late);
    good_target(id_new("upload").text, unknown);
    good_target(sized.text, declared);
    assert_int_equal(put(f, late, "text/csv", CSV), 403);
    assert_non_null(strstr(f->answer, "expired"));
    assert_int_equal(put(f, unknown, "text/csv", CSV), 404);
    assert_int_equal(put(f, good, "text/plain", CSV), 400);
    assert_non_null(strstr(f->answer, "Content-Type must be the declared one: text/csv"));
    assert_int_equal(put(f, declared, "text/csv", CSV), 400);
    assert_non_null(strstr(f->answer, "declared with 5 bytes"));
    assert_int_equal(put(f, "/upload/x/0", "text/csv", CSV), 404);
    good[strlen(good) - 1] ^= 1;
    assert_int_equal(put(f, good, "text/csv", CSV), 403);
    good[strlen(good) - 1] ^= 1;
    assert_int_equal(request(f, "PUT", good, HUGE_FILE, ""), 413);
    assert_int_equal(request(f, "PUT", good, "Content-Type: text/csv\r\n", ""), 400);
    assert_int_equal(request(f, "PUT", good,
                             "Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n",
                             "1\r\na\r\n0\r\n\r\n"),
                     400);
    assert_int_equal(request(f, "GET", good, "", ""), 405);
    assert_non_null(strstr(f->answer, "Allow: OPTIONS, PUT"));
    assert_string_equal(stored(f, id.text), "");
    assert_true(tmp_is_empty(f));
}

static void errors_look_like_those_of_the_api(void **state)
{
    struct fixture *f = *state;
    json_t *body;
    const json_t *error;

    assert_int_equal(put(f, "/upload/x/0", "text/csv", CSV), 404);
    body = json_loads(strstr(f->answer, "\r\n\r\n") + 4, 0, NULL);
    error = json_object_get(body, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "not_found");
    assert_int_equal(json_integer_value(json_object_get(error, "status")), 404);
    assert_non_null(json_string_value(json_object_get(error, "message")));
    assert_non_null(json_string_value(json_object_get(body, "request_id")));
    assert_non_null(json_string_value(json_object_get(body, "detail")));
    assert_non_null(json_string_value(json_object_get(body, "message")));
    json_decref(body);
}

static void a_body_that_breaks_off_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct id id = create(f, -1);
    char url[UPLOAD_URL_BYTES];
    char head[2048];
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    int file = connect_to(f);

    good_target(id.text, url);
    snprintf(head, sizeof head,
             "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n\r\n",
             url);
    send_text(file, head);
    send_text(file, CSV);
    while (tmp_is_empty(f))
        assert_true(clock_monotonic_ms() < deadline_ms);
    close(file);
    while (!tmp_is_empty(f))
        assert_true(clock_monotonic_ms() < deadline_ms);
    assert_string_equal(stored(f, id.text), "");
}

static void a_confirmed_upload_takes_no_more(void **state)
{
    struct fixture *f = *state;
    struct id id = create(f, -1);
    char url[UPLOAD_URL_BYTES];
    struct error err = {0};

    good_target(id.text, url);
    assert_true(uploads_fail(f->s.db, id.text, 1, "no", &err));
    assert_int_equal(put(f, url, "text/csv", CSV), 409);
    assert_non_null(strstr(f->answer, "it is failed"));
}

static void a_browser_may_ask_first(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(request(f, "OPTIONS", "/upload/x/0", "", ""), 204);
    assert_non_null(strstr(f->answer, "Access-Control-Allow-Origin: *"));
    assert_non_null(strstr(f->answer, "Access-Control-Allow-Methods: OPTIONS,PUT"));
}

/* The client sends before it listens; it hears the answer all the same. */
static void a_refused_body_is_read_to_its_end(void **state)
{
    struct fixture *f = *state;
    size_t size = 4 << 20;
    char *body = malloc(size + 1);

    memset(body, 'x', size);
    body[size] = '\0';
    assert_int_equal(put(f, "/upload/x/0", "text/csv", body), 404);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_stored_under_its_digest),
        cmocka_unit_test(an_empty_file_is_a_file),
        cmocka_unit_test(what_is_wrong_is_said_before_the_body),
        cmocka_unit_test(errors_look_like_those_of_the_api),
        cmocka_unit_test(a_body_that_breaks_off_leaves_nothing),
        cmocka_unit_test(a_confirmed_upload_takes_no_more),
        cmocka_unit_test(a_browser_may_ask_first),
        cmocka_unit_test(a_refused_body_is_read_to_its_end),
    };

    return cmocka_run_group_tests_name("put_listener", tests, with_listener, without_listener);
}
