/*
 * deployment_json.h - deployments as the API tells them. Pure functions; any thread.
 *
 * Each returns what the caller owns; NULL when memory runs out.
 */
#ifndef TRAINYARD_API_DEPLOYMENT_JSON_H
#define TRAINYARD_API_DEPLOYMENT_JSON_H

#include "infra/store/deployments.h"

#include <jansson.h>

/* PREDICT_URL/predict/ID */
json_t *deployment_endpoint(const char *predict_url, const char *id);

/* All of one. served: whether a worker of the pool deploy was seen. */
json_t *deployment_json(const struct deployment *deployment, bool served, const char *predict_url);

/* The deployments of rows (see deployments_list()), with the model's current version. */
json_t *deployments_json(const struct deployable *current, const struct pg_rows *rows,
                         const char *predict_url);

/* The answer to an undeploy. */
json_t *deployment_gone_json(const struct deployment *deployment);

#endif
