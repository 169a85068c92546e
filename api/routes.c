/* routes.c - see routes.h. */
#include "api/routes.h"

#include "api/account.h"
#include "api/batch.h"
#include "api/datasets.h"
#include "api/deployments.h"
#include "api/documentation.h"
#include "api/health.h"
#include "api/jobs.h"
#include "api/keys.h"
#include "api/logs.h"
#include "api/models.h"
#include "api/predictions.h"
#include "api/preview.h"
#include "api/uploads.h"
#include "api/versions.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Literal paths stand before patterns: the first path that fits decides. */
static const struct route ROUTES[] = {
    {"GET", "/healthz", SCOPE_NONE, ROUTE_PREDICT, api_health_live, "getHealthz"},
    {"GET", "/health", SCOPE_NONE, ROUTE_PREDICT, api_health_live, "getHealth"},
    {"GET", "/readyz", SCOPE_NONE, 0, api_health_ready, "getReadyz"},
    {"GET", "/metrics", SCOPE_NONE, 0, api_health_metrics, "getMetrics"},
    {"GET", "/openapi.json", SCOPE_NONE, 0, api_documentation_openapi, "getOpenapi"},
    {"GET", "/docs", SCOPE_NONE, 0, api_documentation_page, "getDocs"},
    {"GET", "/docs/:file", SCOPE_NONE, 0, api_documentation_file, "getDocsFile"},

    {"GET", "/models", SCOPE_READ, 0, api_models_list, "listModels"},
    {"POST", "/models", SCOPE_WRITE, 0, api_models_create_named, "createModelNamed"},
    {"GET", "/models/list", SCOPE_READ, 0, api_models_list, "listModelsList"},
    {"POST", "/models/build", SCOPE_WRITE, 0, api_models_create_named, "createModelBuild"},
    {"GET", "/models/build-logs", SCOPE_READ, 0, api_logs_list, "getBuildLogs"},
    {"GET", "/models/:name", SCOPE_READ, 0, api_models_get, "getModel"},
    {"POST", "/models/:name", SCOPE_WRITE, 0, api_models_create, "createModel"},
    {"PATCH", "/models/:name", SCOPE_WRITE, 0, api_models_update, "updateModel"},
    {"DELETE", "/models/:name", SCOPE_WRITE, 0, api_models_delete, "deleteModel"},
    {"GET", "/models/:name/versions", SCOPE_READ, 0, api_versions_list, "listModelVersions"},
    {"POST", "/models/:name/versions", SCOPE_WRITE, 0, api_versions_create, "createModelVersion"},
    {"POST", "/models/:name/create", SCOPE_WRITE, 0, api_models_create, "createModelCreate"},
    {"POST", "/models/:name/retrain", SCOPE_WRITE, 0, api_versions_retrain, "retrainModel"},
    {"POST", "/models/:name/deploy", SCOPE_WRITE, 0, api_deployments_create, "deployModel"},
    {"GET", "/models/:name/deployments", SCOPE_READ, 0, api_deployments_list, "listDeployments"},
    {"DELETE", "/models/:name/deployments/:deployment_id", SCOPE_WRITE, 0, api_deployments_delete,
     "undeployModel"},
    {"GET", "/models/:name/:version", SCOPE_READ, 0, api_versions_get, "getModelVersion"},
    {"GET", "/models/:name/:version/status", SCOPE_READ, 0, api_versions_status, "getModelStatus"},
    {"GET", "/models/:name/:version/describe", SCOPE_READ, 0, api_versions_describe,
     "describeModel"},
    {"POST", "/models/:name/:version/infer", SCOPE_READ, ROUTE_PREDICT, api_predictions_infer,
     "makePrediction"},
    {"POST", "/models/:name/:version/predictions", SCOPE_READ, ROUTE_RESUMES, api_batch_predict,
     "makePredictions"},
    {"POST", "/predict/:deployment_id", SCOPE_READ, ROUTE_PREDICT, api_predictions_deployment,
     "predictDeployment"},
    {"GET", "/deployments/:deployment_id", SCOPE_READ, 0, api_deployments_get, "getDeployment"},

    {"GET", "/jobs", SCOPE_READ, 0, api_jobs_list, "listJobs"},
    {"GET", "/jobs/:job_id", SCOPE_READ, 0, api_jobs_get, "getJob"},
    {"GET", "/jobs/:job_id/results", SCOPE_READ, 0, api_batch_results, "getJobResults"},
    {"GET", "/jobs/:job_id/logs", SCOPE_READ, 0, api_logs_of_job, "getJobLogs"},
    {"POST", "/jobs/:job_id/cancel", SCOPE_WRITE, 0, api_jobs_cancel, "cancelJob"},

    {"GET", "/auth/api-keys", SCOPE_READ, 0, api_keys_list, "listApiKeys"},
    {"POST", "/auth/api-keys", SCOPE_WRITE, 0, api_keys_create, "createApiKey"},
    {"GET", "/auth/api-keys/:key_id", SCOPE_READ, 0, api_keys_get, "getApiKey"},
    {"PATCH", "/auth/api-keys/:key_id", SCOPE_WRITE, 0, api_keys_update, "updateApiKey"},
    {"DELETE", "/auth/api-keys/:key_id", SCOPE_WRITE, 0, api_keys_delete, "revokeApiKey"},
    {"GET", "/auth/user", SCOPE_READ, 0, api_account_user, "getUser"},
    {"GET", "/usage/current", SCOPE_READ, 0, api_account_usage, "getUsage"},
    {"GET", "/usage/profile", SCOPE_READ, 0, api_account_profile, "getUsageProfile"},

    {"GET", "/uploads", SCOPE_READ, 0, api_uploads_list, "listUploads"},
    {"POST", "/uploads", SCOPE_WRITE, ROUTE_FILES, api_uploads_create, "createUpload"},
    {"GET", "/data/uploads", SCOPE_READ, 0, api_uploads_list, "listDataUploads"},
    {"GET", "/data/upload", SCOPE_READ, 0, api_uploads_list, "listDataUpload"},
    {"POST", "/data/upload", SCOPE_WRITE, ROUTE_FILES, api_uploads_create, "createDataUpload"},
    {"POST", "/uploads/status", SCOPE_WRITE, 0, api_uploads_confirm, "confirmUpload"},
    {"GET", "/uploads/:upload_id", SCOPE_READ, 0, api_uploads_get, "getUpload"},
    {"DELETE", "/uploads/:upload_id", SCOPE_WRITE, 0, api_datasets_delete, "deleteUpload"},
    {"POST", "/uploads/:upload_id/status", SCOPE_WRITE, 0, api_uploads_confirm,
     "confirmUploadById"},
    {"GET", "/uploads/:upload_id/files/:filename/preview", SCOPE_READ, 0, api_preview_get,
     "previewUpload"},
    {"GET", "/data/uploads/:upload_id/files/:filename/preview", SCOPE_READ, 0, api_preview_get,
     "previewDataUpload"},
    {"GET", "/uploads/datasets/:dataset_name/versions", SCOPE_READ, 0, api_datasets_versions,
     "listDatasetVersions"},
};

enum { ROUTES_COUNT = sizeof ROUTES / sizeof *ROUTES };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 'a' ^ 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes one byte of raw, moving on; -1 when it is no byte that a path may hold. */
static int decode_byte(const char **raw)
{
    int high;
    int low;

    if (**raw != '%')
        return (unsigned char)*(*raw)++;
    high = hex_digit((*raw)[1]);
    low = high < 0 ? -1 : hex_digit((*raw)[2]);
    *raw += 3;
    return low < 0 || high * 16 + low == 0 ? -1 : high * 16 + low;
}

static bool is_utf8(const char *text)
{
    json_t *string = json_string(text);

    json_decref(string);
    return string != NULL;
}

/* Takes the part off that names a dialect: one table of routes serves them all. */
static void take_dialect(struct path *path)
{
    if (path->count == 0 || !dialect_find(path->parts[0], &path->dialect))
        return;
    path->count--;
    memmove(path->parts, path->parts + 1, path->count * sizeof *path->parts);
}

bool path_read(struct path *path, const char *raw, struct error *err)
{
    size_t used = 0;
    bool ascii = true;
    int byte;

    path->count = 0;
    path->dialect = DIALECT_TODAY;
    while (*raw != '\0') {
        if (*raw == '/') { /* a part begins here; a slash at the end begins none */
            raw++;
            if (*raw == '\0')
                break;
            if (path->count == PATH_PARTS_MOST || used + 2 > PATH_BYTES)
                return error_set(err, ERROR_NOT_FOUND, "there is no such path");
            path->text[used++] = '\0';
            path->parts[path->count++] = &path->text[used];
            continue;
        }
        byte = decode_byte(&raw);
        if (byte < 0)
            return error_set(err, ERROR_INVALID_REQUEST,
                             "the path cannot be read: check its percent signs");
        if (path->count == 0 || used + 2 > PATH_BYTES)
            return error_set(err, ERROR_NOT_FOUND, "there is no such path");
        ascii = ascii && byte < 0x80;
        path->text[used++] = (char)byte;
    }
    path->text[used] = '\0';
    for (size_t at = 0; !ascii && at < path->count; at++)
        if (!is_utf8(path->parts[at]))
            return error_set(err, ERROR_INVALID_REQUEST, "the path is not UTF-8");
    take_dialect(path);
    return true;
}

/* Compares a pattern with a path, part by part. */
static bool fits(const char *pattern, const struct path *path)
{
    for (size_t at = 0; at < path->count; at++) {
        size_t length;

        if (*pattern != '/')
            return false;
        length = strcspn(++pattern, "/");
        if (*pattern == ':'
                ? *path->parts[at] == '\0'
                : strncmp(pattern, path->parts[at], length) != 0 || path->parts[at][length] != '\0')
            return false;
        pattern += length;
    }
    return *pattern == '\0' && path->count > 0;
}

static void add_allowed(char allow[static ALLOW_BYTES], const char *method)
{
    size_t length = strlen(allow);
    const char *more = strcmp(method, "GET") == 0 ? "GET, HEAD" : method;

    snprintf(allow + length, ALLOW_BYTES - length, "%s%s", length == 0 ? "" : ", ", more);
}

const struct route *routes_find(const char *method, const struct path *path, unsigned flags,
                                char allow[static ALLOW_BYTES], struct error *err)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    const char *pattern = NULL;

    allow[0] = '\0';
    for (size_t at = 0; at < ROUTES_COUNT; at++) {
        const struct route *route = &ROUTES[at];

        if ((route->flags & flags) != flags)
            continue;
        if (pattern == NULL ? !fits(route->path, path) : strcmp(pattern, route->path) != 0)
            continue;
        if (strcmp(route->method, wanted) == 0)
            return route;
        pattern = route->path;
        add_allowed(allow, route->method);
    }
    if (pattern == NULL) {
        error_set(err, ERROR_NOT_FOUND, "there is no such path");
        return NULL;
    }
    add_allowed(allow, "OPTIONS");
    error_set(err, ERROR_METHOD, "%.20s is not allowed here: use one of %s", method, allow);
    return NULL;
}

const char *route_part(const struct route *route, const struct path *path, const char *name)
{
    const char *pattern = route->path;
    size_t wanted = strlen(name);

    for (size_t at = 0; at < path->count; at++) {
        size_t length = strcspn(++pattern, "/");

        if (*pattern == ':' && length == wanted + 1 && strncmp(pattern + 1, name, wanted) == 0)
            return path->parts[at];
        pattern += length;
    }
    return NULL;
}

const struct route *routes_at(size_t index)
{
    return index < ROUTES_COUNT ? &ROUTES[index] : NULL;
}

size_t routes_index(const struct route *route)
{
    return (size_t)(route - ROUTES);
}

size_t routes_count(void)
{
    return ROUTES_COUNT;
}
