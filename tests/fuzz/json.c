/* json.c - fuzz target: bodies of requests, from text to the checked form. */
#include "api/deploy_submit.h"
#include "api/dialect.h"
#include "api/model_request.h"
#include "api/upload_request.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Ends the reading; what is refused is refused with a word, and all problems can be written. */
static void end(struct fields *fields)
{
    struct error err = {0};
    json_t *problems;
    char *text;

    if (!fields_end(fields, &err))
        FUZZ_REQUIRE(err.code == ERROR_VALIDATION && err.message[0] != '\0');
    problems = fields_take_problems(fields);
    FUZZ_REQUIRE((err.code != ERROR_NONE) == (problems != NULL || !json_is_object(fields->object)));
    if (problems != NULL) {
        text = json_text(problems, &err);
        FUZZ_REQUIRE(text != NULL);
        free(text);
    }
    json_decref(problems);
    fields_clear(fields);
}

static void read_model(const json_t *body)
{
    struct fields fields = {.object = body};
    struct model_request request;
    char title[MODEL_TITLE_BYTES];
    char made[MODEL_NAME_BYTES];

    model_request_read(&fields, &request);
    if (request.title != NULL) {
        model_name_check(&fields, request.title);
        model_title(request.title, title);
        model_name_read(&fields, &request, made);
    }
    end(&fields);
}

/* The other forms of the same: a version, a retrain, a change. */
static void read_changes(const json_t *body)
{
    struct fields version = {.object = body};
    struct fields retrain = {.object = body};
    struct fields patch = {.object = body};
    struct model_request request;
    bool clear;

    model_request_read_version(&version, &request);
    end(&version);
    model_request_read_retrain(&retrain, &request);
    end(&retrain);
    model_request_read_patch(&patch, &request, &clear);
    end(&patch);
}

static void read_deployment(const json_t *body)
{
    struct fields fields = {.object = body};
    struct deploy_request request;

    deploy_request_read(&fields, &request);
    FUZZ_REQUIRE(request.environment != NULL && request.replicas > 0);
    end(&fields);
}

/* What is left out of the list of files was told as a problem. */
static void read_upload(const json_t *body)
{
    struct fields fields = {.object = body};
    struct upload_request request;
    size_t asked = json_array_size(json_object_get(body, "files"));

    upload_request_read(&fields, 1, &request);
    FUZZ_REQUIRE(request.single || !json_is_object(body) || fields.problems != NULL ||
                 json_array_size(request.files) == asked);
    json_decref(request.files);
    end(&fields);
}

static void confirm_upload(const json_t *body)
{
    json_t *files = json_pack("[{s:s}, {s:s}]", "filename", "a.csv", "filename", "b.csv");
    struct upload upload = {.files = files};
    struct fields fields = {.object = body};

    if (json_is_object(body)) {
        upload_confirm_read(&fields, NULL);
        upload_confirm_check(&fields, &upload);
    }
    end(&fields);
    json_decref(files);
}

/* Text made of a value is text of a value, but for numbers that 15 digits round past the last. */
static void write_again(const json_t *body)
{
    struct error err = {0};
    char *text = json_text(body, &err);
    char *same;
    json_t *again;

    FUZZ_REQUIRE(text != NULL);
    again = json_parse(text, strlen(text), &err);
    FUZZ_REQUIRE(again != NULL || strstr(err.message, "real number overflow") != NULL);
    same = again == NULL ? NULL : json_text(again, &err);
    FUZZ_REQUIRE(again == NULL || (same != NULL && strcmp(same, text) == 0));
    free(same);
    json_decref(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    json_t *body = json_parse((const char *)data, size, &err);

    if (body == NULL) {
        FUZZ_REQUIRE(err.code == ERROR_INVALID_REQUEST && err.message[0] != '\0');
        return 0;
    }
    read_model(body);
    read_changes(body);
    read_deployment(body);
    read_upload(body);
    confirm_upload(body);
    write_again(body);
    dialect_speak(DIALECT_V0, body);
    json_decref(body);
    return 0;
}
