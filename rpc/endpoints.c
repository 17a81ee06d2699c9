/* endpoints.c: paths and statuses. */
#include "rpc/endpoints.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/schema.h"
#include "rpc/batch.h"
#include "rpc/dispatch.h"
#include "rpc/errors.h"
#include "rpc/http.h"
#include "rpc/jsonrpc.h"
#include "rpc/methods/methods.h"
#include "rpc/metrics.h"
#include "rpc/page.h"

/* Takes JSON, which may be NULL. */
static void
reply_json(struct http_request *request, int status, const char *allow, json_t *json)
{
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

    http_reply(request, text != NULL ? status : 500, allow, text,
               text != NULL ? strlen(text) : 0);
    free(text);
    json_decref(json);
}

static void
reply_error(struct http_request *request, int status, const char *allow, json_t *error)
{
    reply_json(request, status, allow, json_pack("{s:o}", "error", error));
}

static void
rpc_answered(void *arg, int status, char *text)
{
    http_reply(arg, status, NULL, text, text != NULL ? strlen(text) : 0);
    free(text);
}

static struct rpc_peer
peer_of(const struct http_request *request, const struct endpoints *e)
{
    struct http_peer peer = http_request_peer(request);

    return (struct rpc_peer){
        .role = e->role, .known = peer.known, .uid = peer.uid, .pid = peer.pid};
}

static void
serve_rpc(struct http_request *request, const struct endpoints *e, const char *rest)
{
    struct rpc_peer peer = peer_of(request, e);
    size_t length;
    const char *body = http_request_body(request, &length);

    (void)rest;
    batch_start(e->dispatch, &peer, body, length, rpc_answered, request);
}

static void
call_answered(void *arg, json_t *result, json_t *error)
{
    struct http_request *request = arg;

    if (result != NULL)
        reply_json(request, json_object_get(result, "job") != NULL ? 202 : 200, NULL, result);
    else if (error != NULL)
        reply_error(request, rpc_error_status(error), NULL, error);
    else
        http_reply(request, 500, NULL, NULL, 0);
}

/* The parameters of a short-form call; NULL with *ERROR. No body is the same as {}. */
static json_t *
call_params(const struct http_request *request, json_t **error)
{
    size_t length;
    const char *body = http_request_body(request, &length);
    json_t *params;

    *error = NULL;
    if (length == 0)
        return json_object();
    params = jsonrpc_load(body, length, error);
    if (params == NULL || (*error = jsonrpc_params_problem(params)) == NULL)
        return params;
    json_decref(params);
    return NULL;
}

static void
serve_call(struct http_request *request, const struct endpoints *e, const char *method)
{
    bool is_post = http_request_method(request) == HTTP_POST;
    struct rpc_peer peer = peer_of(request, e);
    json_t *params, *error;

    if (!is_post && dispatch_has(e->dispatch, method) &&
        !dispatch_may_get(e->dispatch, method)) {
        reply_error(request, 405, "POST",
                    rpc_error_named(RPC_INVALID_REQUEST, NULL, "%.100s needs POST", method));
        return;
    }
    if (http_request_has_query(request)) {
        reply_error(request, 422, NULL,
                    rpc_error_named(RPC_INVALID_PARAMS, NULL,
                                    "parameters go into the body of a POST, as a JSON object"));
        return;
    }
    params = call_params(request, &error);
    if (params == NULL) {
        call_answered(request, NULL, error);
        return;
    }
    dispatch_call(e->dispatch, method, params, &peer, call_answered, request);
    json_decref(params);
}

/* It is read seldom, and larger than all that the daemon keeps: made when asked for. */
char *
endpoints_openrpc(void)
{
    json_t *document = schema_published();
    char *text = document == NULL ? NULL : json_dumps(document, JSON_COMPACT);

    json_decref(document);
    malloc_trim(0);
    return text;
}

static void
serve_openrpc(struct http_request *request, const struct endpoints *e, const char *rest)
{
    char *text = endpoints_openrpc();

    (void)e, (void)rest;
    if (text == NULL)
        reply_error(request, 500, NULL, rpc_error_named("INTERNAL", NULL, "out of memory"));
    else
        http_reply(request, 200, NULL, text, strlen(text));
    free(text);
}

/* Liveness: the main loop answers, and not everything has failed. */
static void
serve_healthz(struct http_request *request, const struct endpoints *e, const char *rest)
{
    json_t *report = health_report();
    const char *status = json_string_value(json_object_get(report, "status"));
    bool is_up = dispatch_state(e->dispatch) != RPC_READY ||
                 (status != NULL && strcmp(status, "failing") != 0);

    (void)rest;
    reply_json(request, is_up ? 200 : 503, NULL, report);
}

static void
serve_readyz(struct http_request *request, const struct endpoints *e, const char *rest)
{
    bool is_ready = dispatch_state(e->dispatch) == RPC_READY;

    (void)rest;
    reply_json(request, is_ready ? 200 : 503, NULL, json_pack("{s:b}", "ready", is_ready));
}

/* What may be asked for by a query: /metrics?sessions=1. */
static void
serve_metrics(struct http_request *request, const struct endpoints *e, const char *rest)
{
    const char *query = http_request_query(request);
    size_t length;
    char *text;

    (void)rest;
    if (query[0] != '\0' && strcmp(query, "sessions=1") != 0 &&
        strcmp(query, "sessions=0") != 0) {
        reply_error(request, 422, NULL,
                    rpc_error_named(RPC_INVALID_PARAMS, NULL,
                                    "the one thing that can be asked for is ?sessions=1"));
        return;
    }
    text = metrics_get(e->dispatch, strcmp(query, "sessions=1") == 0 ? METRICS_SESSIONS : 0,
                       &length);
    if (text != NULL)
        http_reply_as(request, 200, METRICS_CONTENT_TYPE, text, length);
    else
        http_reply(request, 500, NULL, NULL, 0);
    free(text);
}

/* clang-format off */
static const struct {
    const char *path;
    bool is_prefix; /* what follows is passed on */
    bool may_get, may_post;
    void (*serve)(struct http_request *request, const struct endpoints *e, const char *rest);
} routes[] = {
    {"/rpc",          false, false, true,  serve_rpc},
    {"/call/",        true,  true,  true,  serve_call},
    {"/openrpc.json", false, true,  false, serve_openrpc},
    {"/metrics",      false, true,  false, serve_metrics},
    {"/healthz",      false, true,  false, serve_healthz},
    {"/readyz",       false, true,  false, serve_readyz},
};
/* clang-format on */

static bool
route_matches(size_t i, const char *path)
{
    return routes[i].is_prefix ? strncmp(path, routes[i].path, strlen(routes[i].path)) == 0
                               : strcmp(path, routes[i].path) == 0;
}

void
endpoints_handle(struct http_request *request, void *arg)
{
    const struct endpoints *e = arg;
    const char *path = http_request_path(request);
    enum http_method method = http_request_method(request);
    bool is_get = method == HTTP_GET || method == HTTP_HEAD;
    const struct page_file *file = is_get ? page_find(path) : NULL;

    if (file != NULL) {
        http_reply_as(request, 200, file->type, (const char *)file->bytes,
                      (size_t)(file->end - file->bytes));
        return;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!route_matches(i, path))
            continue;
        if ((is_get && routes[i].may_get) || (method == HTTP_POST && routes[i].may_post))
            routes[i].serve(request, e, path + strlen(routes[i].path));
        else
            reply_error(request, 405,
                        routes[i].may_get && routes[i].may_post ? "GET, HEAD, POST"
                        : routes[i].may_get                     ? "GET, HEAD"
                                                                : "POST",
                        rpc_error_named(RPC_INVALID_REQUEST, NULL,
                                        "%s does not take this HTTP method", routes[i].path));
        return;
    }
    reply_error(request, 404, NULL,
                rpc_error_named("NOT_FOUND", NULL,
                                "there is nothing here; try POST /rpc or GET /openrpc.json"));
}
