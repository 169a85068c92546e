/*
 * bench_bare.c - the limit that bench infer and bench api are measured against: a ulfius handler
 * that takes a body and answers a constant.
 *
 *     bench_bare PORT            in the mode of the predict port: epoll, a pool of threads
 *     bench_bare PORT ANSWERS    in the mode of the main port: a thread for each connection; the
 *                                answers are the files list, get, status and create of a folder
 */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ulfius.h>
#include <unistd.h>

static int answer(const struct _u_request *request, struct _u_response *response, void *context)
{
    static const char BODY[] = "{\"request_id\":\"req_00000000000000000000\",\"result\":{\"churn\":"
                               "\"No\",\"probabilities\":{\"No\":0.5,\"Yes\":0.5}},"
                               "\"model_name\":\"churn\",\"model_version\":\"v1.0\",\"created_at\":"
                               "\"2026-01-01T00:00:00Z\"}";

    (void)request;
    (void)context;
    u_map_put(response->map_header, "Content-Type", "application/json");
    ulfius_set_binary_body_response(response, 200, BODY, sizeof BODY - 1);
    return U_CALLBACK_CONTINUE;
}

enum { LIST, GET, STATUS, CREATE, ANSWERS };

static struct {
    char *text;
    size_t length;
} answers[ANSWERS]; /* read before the port is opened */

static void read_answers(const char *folder)
{
    static const char *const NAMES[] = {"list", "get", "status", "create"};

    for (int at = 0; at < ANSWERS; at++) {
        char path[4096];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", folder, NAMES[at]);
        file = fopen(path, "rb");
        answers[at].text = malloc(1 << 20);
        if (file == NULL || answers[at].text == NULL) {
            perror(path);
            exit(EXIT_FAILURE);
        }
        answers[at].length = fread(answers[at].text, 1, 1 << 20, file);
        fclose(file);
    }
}

static int answer_from_file(const struct _u_request *request, struct _u_response *response,
                            void *context)
{
    size_t length = strlen(request->url_path);
    int kind = strcmp(request->http_verb, "POST") == 0                                ? CREATE
               : strcmp(request->url_path, "/models") == 0                            ? LIST
               : length > 7 && strcmp(request->url_path + length - 7, "/status") == 0 ? STATUS
                                                                                      : GET;

    (void)context;
    u_map_put(response->map_header, "Content-Type", "application/json");
    ulfius_set_binary_body_response(response, 200, answers[kind].text, answers[kind].length);
    return U_CALLBACK_CONTINUE;
}

int main(int count, char **arguments)
{
    unsigned int port = count > 1 ? (unsigned int)atoi(arguments[1]) : 18081;
    unsigned int threads = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
    struct _u_instance instance;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)mhd_request_completed, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)ulfius_uri_logger, NULL},
        {MHD_OPTION_THREAD_STACK_SIZE, 256 * 1024, NULL},
        {count > 2 ? MHD_OPTION_END : MHD_OPTION_THREAD_POOL_SIZE,
         (intptr_t)(threads < 2 ? 2 : threads), NULL},
        {MHD_OPTION_END, 0, NULL}};
    unsigned int mode = count > 2 ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION
                                  : MHD_USE_EPOLL_INTERNAL_THREAD;
    sigset_t ends;
    int signal_number;

    if (count > 2)
        read_answers(arguments[2]);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    if (ulfius_init_instance(&instance, port, NULL, NULL) != U_OK ||
        ulfius_add_endpoint_by_val(&instance, "POST", NULL, "/models/:name/:version/infer", 0,
                                   &answer, NULL) != U_OK ||
        ulfius_set_default_endpoint(&instance, &answer_from_file, NULL) != U_OK ||
        ulfius_start_framework_with_mhd_options(&instance, mode, options) != U_OK) {
        fprintf(stderr, "could not listen on port %u\n", port);
        return EXIT_FAILURE;
    }
    printf("ready\n");
    fflush(stdout);
    sigwait(&ends, &signal_number);
    ulfius_stop_framework(&instance);
    ulfius_clean_instance(&instance);
    return EXIT_SUCCESS;
}
