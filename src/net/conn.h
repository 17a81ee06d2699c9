/*
 * conn.h: a socket and the session behind it.
 *
 * A connection belongs to one worker from accept to close. What is read goes to its session at
 * once; what the session has to say leaves at the end of the worker's turn, or by sixteen
 * answers before, in one sendmsg.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdint.h>

struct session_peer;
struct worker;

/*
 * Hands the connected socket FD to WORKER, which owns it from then on. Main only. Returns 0, or
 * -ENOMEM with FD still the caller's.
 */
int conn_hand_over(struct worker *worker, int fd, const struct session_peer *peer);

/* Connections that worker I has or is about to get; that all have. Any thread. */
unsigned conn_count(unsigned i);
unsigned conn_count_all(void);

/*
 * Orderly stop, on the current worker: asks its sessions to go, and calls DRAINED(arg) on it
 * once none is left. After TIMEOUT_MS connections that remain are closed; commands already with
 * a store are still waited for.
 */
void conns_stop(uint64_t timeout_ms, void (*drained)(void *arg), void *arg);

/* Frees what the current worker keeps for its connections; it has none any more. */
void conns_worker_end(void);

#endif
