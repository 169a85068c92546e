/* spoken.c - see spoken.h. */
#include "tests/integration/spoken.h"

#include "api/adapter.h"
#include "api/job_hub.h"
#include "api/key_cache.h"
#include "api/log_hub.h"
#include "api/model_cache.h"
#include "api/traffic.h"
#include "infra/base/clock.h"
#include "infra/blob/blob.h"
#include "infra/metrics/metrics.h"
#include "infra/relay/publisher.h"
#include "infra/relay/relay.h"
#include "infra/store/jobs.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Building and taking down --------------------------------------------------------------------*/

static void configure(struct spoken *f)
{
    strcpy(f->dir, "/tmp/test_jobs_api_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    strcpy(f->config.bind, "127.0.0.1");
    strcpy(f->config.roles, "manage,predict");
    strcpy(f->config.public_url, "http://api");
    strcpy(f->config.predict_url, "http://predict");
    f->config.max_body_kb = MOST_BODY_KB;
    f->config.max_connections = MOST_CONNECTIONS;
    f->config.max_upload_mb = 16;
    f->config.model_cache_mb = 16;
}

static void start_services(struct spoken *f)
{
    struct services *services = &f->services;
    struct error err = {0};

    *services = (struct services){.config = &f->config,
                                  .instance_id = "api_test",
                                  .db = f->s.pool,
                                  .signing_key = "a signing key",
                                  .worker_program = "/nonexistent/trainyard-worker"};
    assert_non_null(services->blobs = blobs_open(f->dir, &err));
    assert_non_null(services->metrics = metrics_new(&err));
    assert_non_null(services->traffic = traffic_new(&err));
    assert_non_null(services->keys = key_cache_new(services->db, &err));
    assert_non_null(services->models = model_cache_new(services, &err));
    assert_non_null(services->logs = log_hub_new(services->db, &err));
    assert_non_null(services->jobs = job_hub_new(services->db, &err));
    assert_non_null(services->publisher =
                        publisher_new(services->db, &f->s.kafka, services->metrics, &err));
    assert_non_null(services->relay = relay_new(services->db, f->s.url, &f->s.kafka,
                                                services->instance_id, services->metrics, &err));
    assert_non_null(services->adapter = adapter_new(services, &err));
    assert_true(adapter_start(services->adapter, &err));
}

int spoken_setup(void **state)
{
    static const char UPLOAD[] =
        "insert into uploads (id, account, name, status, files, expires_at) values ('upload_1', $1,"
        " 't', 'complete', '[{\"filename\":\"a.csv\",\"content_type\":\"text/csv\","
        "\"size_bytes\":10,\"digest\":\"0123\",\"rows\":3,\"columns_count\":2,\"columns\":[]}]',"
        " now())";
    struct spoken *f = calloc(1, sizeof *f);
    struct error err = {0};
    struct id reader;

    support_init_with_topics(&f->s);
    configure(f);
    assert_true(keys_create(
        f->s.db,
        &(struct new_key){.account = f->s.account, .name = "k", .permission = "read_write"},
        &f->key_id, f->key, &err));
    assert_true(keys_create(
        f->s.db, &(struct new_key){.account = f->s.account, .name = "r", .permission = "read_only"},
        &reader, f->reader, &err));
    assert_true(pg_exec(f->s.db, UPLOAD, PG_VALUES(f->s.account), &err));
    start_services(f);
    *state = f;
    return 0;
}

static void stop_services(struct services *services)
{
    log_hub_stop(services->logs);
    job_hub_stop(services->jobs);
    adapter_free(services->adapter);
    job_hub_free(services->jobs);
    log_hub_free(services->logs);
    relay_free(services->relay);
    publisher_free(services->publisher);
    model_cache_free(services->models);
    key_cache_free(services->keys);
    traffic_free(services->traffic);
    metrics_free(services->metrics);
    blobs_close(services->blobs);
}

int spoken_teardown(void **state)
{
    struct spoken *f = *state;
    char command[128];

    stop_services(&f->services);
    json_decref(f->json);
    support_clear(&f->s);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Speaking ------------------------------------------------------------------------------------*/

int spoken_dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void spoken_say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads to the end of the stream; takes fd. */
void spoken_hear_take(struct spoken *f, int fd)
{
    size_t length = 0;
    ssize_t got;
    const char *body;

    while (length < ANSWER_BYTES - 1 &&
           (got = recv(fd, f->answer + length, ANSWER_BYTES - 1 - length, 0)) > 0)
        length += (size_t)got;
    close(fd);
    f->answer[length] = '\0';
    f->status = 0;
    sscanf(f->answer, "HTTP/1.1 %d", &f->status);
    body = strstr(f->answer, "\r\n\r\n");
    json_decref(f->json);
    f->json = body == NULL ? NULL : json_loads(body + 4, 0, NULL);
}

void spoken_ask_port(struct spoken *f, int port, const char *method, const char *path,
                     const char *key, const char *body)
{
    char request[4096];
    int fd = spoken_dial(port);

    snprintf(
        request, sizeof request,
        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
        method, path, key == NULL ? "" : "Authorization: Bearer ", key == NULL ? "" : key,
        key == NULL ? "" : "\r\n", strlen(body), body);
    spoken_say(fd, request);
    spoken_hear_take(f, fd);
}

void spoken_ask(struct spoken *f, const char *method, const char *path, const char *body)
{
    spoken_ask_port(f, adapter_port(f->services.adapter), method, path, f->key, body);
}

const char *spoken_told(const struct spoken *f, const char *name)
{
    return json_string_value(json_object_get(f->json, name));
}

const char *spoken_told_error(const struct spoken *f, const char *name)
{
    return json_string_value(json_object_get(json_object_get(f->json, "error"), name));
}

struct id spoken_build(struct spoken *f, const char *name)
{
    char path[128];
    struct id id = {0};

    snprintf(path, sizeof path, "/models/%s", name);
    spoken_ask(f, "POST", path, "{\"intent\":\"predict it\",\"dataset_id\":\"upload_1\"}");
    assert_int_equal(f->status, 200);
    snprintf(id.text, sizeof id.text, "%s", spoken_told(f, "job_id"));
    return id;
}
