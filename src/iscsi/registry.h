/*
 * registry.h: all sessions that have logged in, of all workers: list them, close them, replace
 * them on re-login.
 *
 * One mutex, taken at login, logout and listing.
 */
#ifndef ISCSI_REGISTRY_H
#define ISCSI_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/counters.h"
#include "core/latency.h"

/* A copy: valid as long as its holder likes. */
struct session_info {
    char id[24];            /* "s-4", unique while the daemon runs */
    char connection_id[24]; /* "c-9" */
    char target[224];       /* "" for discovery */
    char initiator[224];
    char initiator_alias[256];
    uint64_t isid; /* 48 bit */
    uint16_t tsih, cid, portal_group;
    time_t since;
    char remote[72], local[72];
    bool header_digest, data_digest; /* CRC32C is on */
    bool discovery;
    const char *auth;  /* "none", "chap", "mutual_chap" */
    const char *state; /* "login", "full_feature", "logout", "closing" */
    uint32_t max_recv_data_segment_length, max_send_data_segment_length, max_burst_length,
        first_burst_length;
    uint16_t max_outstanding_r2t;
    bool initial_r2t, immediate_data;
    struct io_totals io;
    struct latency_totals latency;
};

/* Any thread. VISIT runs under the registry's lock: copy and return. */
void registry_visit(void (*visit)(const struct session_info *info, void *arg), void *arg);

/* How many are logged in to TARGET (NULL: in all). Any thread. */
unsigned registry_count(const char *target);

/*
 * Asks session ID to go: with LOGOUT by an asynchronous message, then after TIMEOUT_MS or
 * without LOGOUT by closing its connection. Any thread. Returns 0, or -1 where there is no such
 * session.
 */
int registry_close(const char *id, bool logout, uint32_t timeout_ms);

#endif
