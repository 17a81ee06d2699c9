/* batch.c: one request, single or batch: its calls are made one after another. */
#include "rpc/batch.h"

#include <stdlib.h>
#include <string.h>

#include "rpc/dispatch.h"
#include "rpc/errors.h"
#include "rpc/jsonrpc.h"

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
batch_start(struct dispatch *dispatch, const struct rpc_peer *peer, const char *body,
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
