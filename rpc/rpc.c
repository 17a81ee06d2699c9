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

/* What a listener allows is a constant of its kind. */
enum listener_kind { ADMIN_SOCKET, READER_SOCKET, LISTENER_KINDS };

/* The one API of the process; main's. */
static struct {
    struct dispatch *dispatch;
    struct http_server *servers[LISTENER_KINDS]; /* NULL: it is not configured */
    struct endpoints endpoints[LISTENER_KINDS];
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

/* The server of KIND, which hands its requests to endpoints of its own; NULL with ERR. */
static struct http_server *
server_of(enum listener_kind kind, enum rpc_role role, struct error *err)
{
    api.endpoints[kind] = (struct endpoints){.dispatch = api.dispatch, .role = role};
    api.servers[kind] =
        http_server_new(worker_base(crew_main()), endpoints_handle, &api.endpoints[kind], err);
    return api.servers[kind];
}

static int
listen_on_socket(enum listener_kind kind, enum rpc_role role, const char *path,
                 const char *group, struct error *err)
{
    if (path == NULL)
        return 0;
    if (server_of(kind, role, err) == NULL ||
        http_listen_unix(api.servers[kind], path, group, err) < 0)
        return -1;
    log_info("rpc", "API is listening", "socket", path, "role",
             role == RPC_ADMIN ? "admin" : "reader", NULL);
    return 0;
}

static int
start_listeners(const struct rpc_setup *setup, struct error *err)
{
    if (listen_on_socket(ADMIN_SOCKET, RPC_ADMIN, setup->socket_path, setup->socket_group,
                         err) < 0 ||
        listen_on_socket(READER_SOCKET, RPC_READER, setup->reader_path, setup->reader_group,
                         err) < 0)
        return -1;
    return 0;
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
    if (start_listeners(setup, err) < 0)
        return -1;
    events_watch(event_polls_look);
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
rpc_close_listeners(void)
{
    for (size_t i = 0; i < LISTENER_KINDS; i++)
        if (api.servers[i] != NULL)
            http_close_listeners(api.servers[i]);
}

unsigned
rpc_calls_open(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < LISTENER_KINDS; i++)
        if (api.servers[i] != NULL)
            n += http_requests_open(api.servers[i]);
    return n;
}

void
rpc_stop(void)
{
    events_watch(NULL);
    event_polls_end();
    for (size_t i = 0; i < LISTENER_KINDS; i++)
        http_server_free(api.servers[i]);
    rpc_jobs_forget();
    dispatch_free(api.dispatch);
    memset(&api, 0, sizeof api);
}
