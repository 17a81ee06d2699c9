/*
 * rpc.h: the management API as the daemon starts and stops it. Main only.
 */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/error.h"

enum rpc_state {
    RPC_STARTING, /* only daemon.*, log.* and rpc.* are answered, the rest is UNAVAILABLE;
                     /readyz is 503 */
    RPC_READY,
    RPC_STOPPING, /* reads are answered, changes are UNAVAILABLE; /readyz is 503 */
};

struct rpc_setup {
    const char *socket_path; /* unix socket of role admin; made with mode 0660 */
    const char *socket_group;
    const char *reader_path; /* the same of role reader; NULL: there is none */
    const char *reader_group;
    time_t started;

    /* Whether the daemon listens on PORT of ADDRESS; for portal_group.list and daemon.health.
     * May be NULL: then every configured portal is taken to listen. */
    bool (*portal_listening)(const char *address, uint16_t port);
};

/*
 * Checks the method table against the schemas (schema_load() has run) and starts to listen on
 * crew_main()'s event base. The state is RPC_STARTING. SETUP is copied, strings included.
 */
int rpc_start(const struct rpc_setup *setup, struct error *err);

void rpc_set_state(enum rpc_state state);

/* Closes what listens, and removes the unix sockets; calls that are being worked on may still
 * be answered. Wait for them with rpc_calls_open() == 0 before rpc_stop(). */
void rpc_close_listeners(void);

/* Calls that have no answer yet, or whose answer is still being sent. */
unsigned rpc_calls_open(void);

/* Closes what is left and frees everything; no commit may be at work. Safe without start. */
void rpc_stop(void);

#endif
