/* endpoints.h: what is at which path of the HTTP server. Main only. */
#ifndef RPC_ENDPOINTS_H
#define RPC_ENDPOINTS_H

#include "rpc/call.h"

struct dispatch;
struct http_request;

/* What one listener offers, to callers of which role. */
struct endpoints {
    struct dispatch *dispatch;
    enum rpc_role role;
};

/* The text of GET /openrpc.json, the caller's to free. NULL: out of memory. */
char *endpoints_openrpc(void);

/* For http_server_new(): ARG is a struct endpoints. */
void endpoints_handle(struct http_request *request, void *arg);

#endif
