/*
 * session.h: one iSCSI session with its one connection, from the first byte to the last; no
 * sockets, no clock.
 *
 * The owner (net/conn.c, or a test) feeds bytes in and takes bytes out, all on the session's
 * worker. MaxConnections is 1 and ErrorRecoveryLevel 0, so connection and session are one
 * object here.
 */
#ifndef ISCSI_SESSION_H
#define ISCSI_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct session;

/* Where a connection came from and arrived. Copied. */
struct session_peer {
    char remote[72]; /* "192.0.2.7:48812", "[2001:db8::7]:48812" */
    char local[72];
    uint16_t portal_group; /* tag of the portal it arrived at */
};

enum session_end {
    SESSION_OPEN,
    SESSION_CLOSE_AFTER_OUTPUT, /* send what is queued, then close the socket */
    SESSION_CLOSE_NOW,
};

/*
 * A new session in its login phase, at time NOW (milliseconds, any origin, never goes back).
 * WAKE is called, at any time on this worker, when there may be output, or the end, or input
 * wanted again: the owner then looks once at the end of the turn. NULL where memory is short.
 */
struct session *session_new(const struct session_peer *peer, uint64_t now_ms,
                            void (*wake)(void *arg), void *arg);

/*
 * Room for the rest of a data segment that is being received: the bytes that come next can be
 * read straight there (0: none, use session_feed()). Follow with session_direct_filled() for
 * what was read there.
 */
size_t session_direct_space(struct session *s, void **space);
void session_direct_filled(struct session *s, size_t n);

/* Takes all N bytes, which follow what came before. */
void session_feed(struct session *s, const uint8_t *bytes, size_t n);

/* False while the peer does not read what we send, or the session ends: do not read from the
 * socket. */
bool session_wants_input(const struct session *s);

/* Up to MAX iovecs of output, in order; returns how many. Valid until the next call into the
 * session. */
int session_output(struct session *s, struct iovec *iov, int max);
void session_output_sent(struct session *s, size_t n);

enum session_end session_end_state(const struct session *s);
/* Whether the peer has logged out, and the answer to that is the last that it is sent. */
bool session_has_logged_out(const struct session *s);

/* The time is NOW: login timeout, NOP-In pings. Call about once a second. */
void session_tick(struct session *s, uint64_t now_ms);

/*
 * The socket is gone. The owner must not use S any more: it frees itself when its last command
 * has ended.
 */
void session_disconnected(struct session *s);

/* Sessions still alive on this worker, those without a connection included: for an orderly
 * stop. */
unsigned session_count(void);

/* How many logins were refused since the start, and how many of these did not prove who they
 * are. Any thread. */
struct session_refusals {
    uint64_t all, unauthenticated;
};
struct session_refusals session_refusals(void);

/* How many logins have ended with STATUS (login.h). Any thread. */
enum login_status;
uint64_t session_logins(enum login_status status);

/* PDUs that came with a wrong digest. Any thread. */
struct session_digest_errors {
    uint64_t header, data;
};
struct session_digest_errors session_digest_errors(void);

/* How long a connection may take to log in. */
#define SESSION_LOGIN_TIMEOUT_MS 15000

/* How long a discovery session, which anybody may open, may be silent, and how long it may be.
 */
#define SESSION_DISCOVERY_SILENCE_MS 60000
#define SESSION_DISCOVERY_LIFE_MS    600000

/*
 * Orderly stop, on this worker: no new logins; each session is asked to go (asynchronous
 * message, then close) once its commands in flight have ended.
 */
void sessions_stop(void);

/* This worker's sessions look at the new catalog: for catalog_on_install(). */
struct catalog;
struct worker;
void sessions_catalog_installed(struct worker *worker, const struct catalog *old,
                                const struct catalog *now);

#endif
