/* rpc.c: starts and stops the API. */
#include "rpc/rpc.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/schema.h"
#include "core/crew.h"
#include "core/events.h"
#include "core/log.h"
#include "core/worker.h"
#include "rpc/dispatch.h"
#include "rpc/endpoints.h"
#include "rpc/http.h"
#include "rpc/jobs.h"
#include "rpc/methods/event.h"
#include "rpc/methods/methods.h"

/* The one API of the process; main's. */
static struct {
    struct dispatch *dispatch;
    struct http_server *server; /* of the unix socket */
    struct endpoints endpoints;
    char
        sha256[2 * EVP_MAX_MD_SIZE + 1]; /* of what GET /openrpc.json says; "": not asked yet */
} api;

static const char *
state_name(void)
{
    static const char *const names[] = {
        [RPC_STARTING] = "starting", [RPC_READY] = "ready", [RPC_STOPPING] = "stopping"};

    return names[dispatch_state(api.dispatch)];
}

/* Only when somebody asks: OpenSSL takes a megabyte to get ready. NULL where it cannot. */
static const char *
openrpc_sha256(void)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char *text;

    if (api.sha256[0] != '\0')
        return api.sha256;
    text = endpoints_openrpc();
    if (text == NULL || EVP_Digest(text, strlen(text), digest, &n, EVP_sha256(), NULL) != 1)
        n = 0;
    for (unsigned i = 0; i < n; i++)
        sprintf(api.sha256 + 2 * i, "%02x", digest[i]);
    free(text);
    return n > 0 ? api.sha256 : NULL;
}

static int
start(const struct rpc_setup *setup, struct error *err)
{
    const char *check = getenv("BLOCKGATE_CHECK_RESULTS");

    api.dispatch = dispatch_new(all_methods, schema_document(),
                                check != NULL && strcmp(check, "1") == 0, err);
    if (api.dispatch == NULL)
        return -1;
    methods_set_context(&(struct methods_context){
        .started = setup->started,
        .openrpc_sha256 = openrpc_sha256,
        .portal_listening = setup->portal_listening,
        .state = state_name,
    });
    api.endpoints = (struct endpoints){.dispatch = api.dispatch, .role = RPC_ADMIN};
    api.server =
        http_server_new(worker_base(crew_main()), endpoints_handle, &api.endpoints, err);
    if (api.server == NULL || http_listen_unix(api.server, setup->socket_path, err) < 0)
        return -1;
    events_watch(event_polls_look);
    log_info("rpc", "API is listening", "socket", setup->socket_path, NULL);
    return 0;
}

int
rpc_start(const struct rpc_setup *setup, struct error *err)
{
    if (start(setup, err) == 0)
        return 0;
    rpc_stop();
    return -1;
}

void
rpc_set_state(enum rpc_state state)
{
    dispatch_set_state(api.dispatch, state);
    if (state == RPC_STOPPING) {
        event_polls_end();
        rpc_jobs_stop_waiting();
    }
}

void
rpc_close_listener(void)
{
    if (api.server != NULL)
        http_close_listener(api.server);
}

unsigned
rpc_calls_open(void)
{
    return api.server != NULL ? http_requests_open(api.server) : 0;
}

void
rpc_stop(void)
{
    events_watch(NULL);
    event_polls_end();
    http_server_free(api.server);
    rpc_jobs_forget();
    dispatch_free(api.dispatch);
    memset(&api, 0, sizeof api);
}
