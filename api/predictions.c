/* predictions.c - see predictions.h. */
#include "api/predictions.h"

#include "api/input_row.h"
#include "api/model_cache.h"
#include "api/services.h"
#include "engine/predict/answer.h"
#include "infra/base/clock.h"

#include <stdlib.h>
#include <time.h>

enum { OUTPUTS_ON_STACK = 64 };

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void add_answer(struct buffer *body, struct call *call, const struct open_model *model,
                       const struct buffer *result, const struct input_row *row, double started_ms)
{
    const char *deployment = call_path(call, "deployment_id");
    char time[CLOCK_TEXT_BYTES];

    buffer_printf(body, "{\"request_id\":\"%s\",\"result\":", call_request_id(call));
    buffer_add(body, result->data, result->length);
    buffer_add_text(body, ",\"prediction\":");
    buffer_add(body, result->data, result->length);
    buffer_add_text(body, model->answer_fields);
    if (deployment != NULL) /* it exists: its id needs no quoting */
        buffer_printf(body, ",\"deployment_id\":\"%s\"", deployment);
    buffer_printf(body, ",\"created_at\":\"%.19sZ\",\"processing_time_ms\":%.3f",
                  clock_text(clock_wall_ms(), time), now_ms() - started_ms);
    if (row->warnings.length > 0) {
        buffer_add_text(body, ",\"warnings\":[");
        buffer_add(body, row->warnings.data, row->warnings.length);
        buffer_add_char(body, ']');
    }
    buffer_add_char(body, '}');
}

static bool predict(struct call *call, const struct open_model *model, const struct input_row *row,
                    double started_ms, struct error *err)
{
    size_t outputs = predictor_outputs(model->predictor);
    double few[OUTPUTS_ON_STACK];
    double *out = outputs <= OUTPUTS_ON_STACK ? few : calloc(outputs, sizeof *out);
    struct buffer result = {0};
    struct buffer body = {0};
    bool ok;

    if (out == NULL)
        return error_no_memory(err);
    predictor_run(model->predictor, row->values, out);
    answer_add_result(&result, model->predictor, model->has_output_schema, out);
    add_answer(&body, call, model, &result, row, started_ms);
    ok = body.failed || result.failed
             ? error_no_memory(err)
             : call_reply_text(call, 200, "application/json", body.data, body.length, err);
    buffer_clear(&result);
    buffer_clear(&body);
    if (out != few)
        free(out);
    return ok;
}

/* Reads the body as a row; what is wrong with its fields goes into the reply's details. */
static bool read_row(struct call *call, const struct open_model *model, struct input_row *row,
                     struct error *err)
{
    struct fields problems = {0};
    size_t length = 0;
    const char *text = call_raw_body(call, &length);
    json_t *nothing;
    bool ok;

    if (!input_row_read(row, model->predictor, text == NULL ? "" : text, length, &problems, err)) {
        fields_clear(&problems);
        return false;
    }
    if (problems.problems == NULL)
        return true;
    nothing = json_object(); /* all fields of the body were looked at already */
    problems.object = nothing;
    ok = call_fields_end(call, &problems, err);
    json_decref(nothing);
    return ok;
}

/* Answers with a model that was lent, NULL for a failure. */
static bool answer_with(struct call *call, const struct open_model *model, double started_ms,
                        struct error *err)
{
    struct model_cache *cache = call_services(call)->models;
    struct input_row row = {0};
    bool ok;

    if (model == NULL)
        return false;
    ok = read_row(call, model, &row, err) && predict(call, model, &row, started_ms, err);
    if (ok)
        call_count_predictions(call, 1);
    input_row_clear(&row);
    model_cache_return(cache, model);
    return ok;
}

bool api_predictions_infer(struct call *call, struct error *err)
{
    double started_ms = now_ms();

    return answer_with(call,
                       model_cache_borrow(call_services(call)->models, call_account(call),
                                          call_path(call, "name"), call_path(call, "version"), err),
                       started_ms, err);
}

bool api_predictions_deployment(struct call *call, struct error *err)
{
    double started_ms = now_ms();

    return answer_with(call,
                       model_cache_borrow_deployment(call_services(call)->models,
                                                     call_account(call),
                                                     call_path(call, "deployment_id"), err),
                       started_ms, err);
}
