/* endpoints.c: paths, batches, statuses. */
#include "rpc/endpoints.h"

#include <stdlib.h>
#include <string.h>

#include "rpc/dispatch.h"
#include "rpc/errors.h"
#include "rpc/http.h"
#include "rpc/jsonrpc.h"
#include "rpc/methods/methods.h"

/* A request at POST /rpc: its calls are made one after another. */
struct batch {
    struct dispatch *dispatch;
    struct rpc_peer peer;
    struct jsonrpc_request request;
    size_t next;
    json_t *replies;
    bool in_loop, answered; /* a call that is answered at once does not recurse */
    void (*done)(void *arg, int status, char *text);
    void *arg;
};

static void batch_run(struct batch *b);

static void
batch_end(struct batch *b, int status, json_t *reply)
{
    char *text = reply != NULL ? json_dumps(reply, JSON_COMPACT) : NULL;

    if (reply != NULL && text == NULL)
        status = 500;
    b->done(b->arg, text != NULL || status >= 400 ? status : 204, text);
    json_decref(reply);
    json_decref(b->replies);
    jsonrpc_done(&b->request);
    free(b);
}

static void
batch_answered(void *arg, json_t *result, json_t *error)
{
    struct batch *b = arg;
    json_t *id = b->request.calls[b->next++].id;

    if (id == NULL) {
        json_decref(result);
        json_decref(error);
    } else if (result != NULL) {
        json_array_append_new(b->replies, jsonrpc_result(id, result));
    } else {
        if (error == NULL)
            error = rpc_error_named("INTERNAL", NULL, "out of memory");
        json_array_append_new(b->replies, jsonrpc_error(id, error));
    }
    b->answered = true;
    if (!b->in_loop)
        batch_run(b);
}

static void
batch_run(struct batch *b)
{
    b->in_loop = true;
    while (b->next < b->request.count) {
        const struct jsonrpc_call *call = &b->request.calls[b->next];

        b->answered = false;
        if (call->error != NULL)
            batch_answered(b, NULL, json_incref(call->error));
        else
            dispatch_call(b->dispatch, call->method, call->params, &b->peer, batch_answered, b);
        if (!b->answered) {
            b->in_loop = false;
            return;
        }
    }
    if (json_array_size(b->replies) == 0)
        batch_end(b, 204, NULL);
    else if (b->request.is_batch)
        batch_end(b, 200, json_incref(b->replies));
    else
        batch_end(b, 200, json_incref(json_array_get(b->replies, 0)));
}

void
endpoints_rpc(struct dispatch *dispatch, const struct rpc_peer *peer, const char *body,
              size_t length, void (*done)(void *arg, int status, char *text), void *arg)
{
    struct batch *b = calloc(1, sizeof *b);
    json_t *error;
    int status;

    if (b == NULL) {
        done(arg, 500, NULL);
        return;
    }
    b->dispatch = dispatch;
    b->peer = *peer;
    b->done = done;
    b->arg = arg;
    b->replies = json_array();
    if (b->replies == NULL || jsonrpc_parse(body, length, &b->request) < 0) {
        batch_end(b, 500, NULL);
        return;
    }
    error = b->request.error;
    if (error != NULL) {
        status = strcmp(rpc_error_name(error), RPC_PARSE_ERROR) == 0 ? 400 : 200;
        batch_end(b, status, jsonrpc_error(NULL, json_incref(error)));
        return;
    }
    batch_run(b);
}

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
    endpoints_rpc(e->dispatch, &peer, body, length, rpc_answered, request);
}

static void
call_answered(void *arg, json_t *result, json_t *error)
{
    struct http_request *request = arg;

    if (result != NULL)
        reply_json(request, 200, NULL, result);
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
    if (params == NULL || json_is_object(params))
        return params;
    json_decref(params);
    *error = rpc_error_named(RPC_INVALID_PARAMS,
                             json_pack("{s:s, s:s}", "path", "", "keyword", "type"),
                             "params must be an object (this API takes parameters by name)");
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

static void
serve_openrpc(struct http_request *request, const struct endpoints *e, const char *rest)
{
    (void)rest;
    http_reply(request, 200, NULL, e->openrpc, strlen(e->openrpc));
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
