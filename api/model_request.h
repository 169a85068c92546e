/*
 * model_request.h - what clients send to make a model, in all its spellings, as one checked form.
 *
 * Pure functions; any thread.
 */
#ifndef TRAINYARD_API_MODEL_REQUEST_H
#define TRAINYARD_API_MODEL_REQUEST_H

#include "schemas/fields.h"

enum {
    MODEL_NAME_BYTES = 64,
    MODEL_TITLE_BYTES = 200,
    MODEL_DESCRIPTION_BYTES = 4096,
    MODEL_INTENT_BYTES = 4096,
    MODEL_TAGS_MOST = 50,
    MODEL_TAG_BYTES = 100,
    MODEL_FIELDS_MOST = 2000,
    MODEL_FIELD_BYTES = 255,
    MODEL_ITERATIONS_MOST = 100,
    MODEL_TIMEOUT_MOST_S = 86400,
    MODEL_SEED = 42 /* where none is given: equal requests build equal models */
};

/* Points into the object it was read from. NULL, or 0: not given. */
struct model_request {
    const char *title; /* field name */
    const char *intent;
    const char *description;
    const char *dataset_id;
    const char *dataset_field; /* the field that named it; never NULL */
    const json_t *input_schema;
    const json_t *output_schema;
    const json_t *tags;
    const char *target;
    const char *metric;
    int max_iterations;
    int timeout_s;
    int64_t seed;
    bool has_seed;
};

/*
 * Reads intent|goal, dataset_id|upload_id|data_reference, metric|eval and all the rest; two
 * spellings of one thing must agree. Problems are noted in fields, which the caller ends.
 */
void model_request_read(struct fields *fields, struct model_request *request);

/*
 * The same for a further version: dataset_id, and what differs from the model. And for a retrain:
 * nothing need be given.
 */
void model_request_read_version(struct fields *fields, struct model_request *request);
void model_request_read_retrain(struct fields *fields, struct model_request *request);

/*
 * Reads what is to be changed of a model: title, description, tags. *clear: description is null,
 * there shall be none; tags that are null are none.
 */
void model_request_read_patch(struct fields *fields, struct model_request *request, bool *clear);

/* Notes a problem of the field model_name unless name may be one of a model. */
void model_name_check(struct fields *fields, const char *name);

/*
 * The name of a model whose path has none: model_name of the body, or one made of its name, as
 * Customer Churn gives customer-churn. NULL: a problem was noted.
 */
const char *model_name_read(struct fields *fields, const struct model_request *request,
                            char made[static MODEL_NAME_BYTES]);

/* A name for people, made of one for paths: customer-churn gives Customer Churn. */
void model_title(const char *name, char title[static MODEL_TITLE_BYTES]);

#endif
