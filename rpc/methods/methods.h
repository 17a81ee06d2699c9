/* methods.h: the methods of the API, a table for each noun. */
#ifndef RPC_METHODS_METHODS_H
#define RPC_METHODS_METHODS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "rpc/call.h"

extern const struct rpc_method job_methods[], rpc_methods[], daemon_methods[], config_methods[],
    backstore_methods[], target_methods[], lun_methods[], acl_methods[], portal_group_methods[],
    session_methods[], reservation_methods[], stats_methods[], log_methods[], worker_methods[],
    discovery_methods[], event_methods[];

/* All of them, ended by NULL. */
extern const struct rpc_method *const all_methods[];

/* What methods know of the daemon they run in. Set once by rpc_start(), and by tests. */
struct methods_context {
    time_t started;
    const char *(*openrpc_sha256)(void); /* hex; NULL: not to be had */
    bool (*portal_listening)(const char *address, uint16_t port);
    const char *(*state)(void); /* "starting", "ready", "stopping" */
};
void methods_set_context(const struct methods_context *context);
const struct methods_context *methods_context(void);

/* The status of daemon.health, also for /healthz. Returns a new reference. */
json_t *health_report(void);

/* WHEN as RFC 3339, a new reference. */
json_t *time_json(time_t when);

/* TEXT, a name that comes from a peer: bytes that are not UTF-8 must not cost us the answer. A
 * new reference. */
json_t *peer_string_json(const char *text);

/* Whether the daemon listens there, as far as it can tell. */
bool methods_portal_listens(const char *address, uint16_t port);

#endif
