/*
 * portal.h: listening sockets, and which worker gets a new connection.
 *
 * Main only. The functions are the hooks of a commit (catalog/commit.h): prepare binds, switch
 * listens and closes. A socket is bound before a change is saved, so that a port that is taken
 * makes the change fail; it listens only when the change is in force, so that no connection is
 * accepted and then dropped.
 */
#ifndef NET_PORTAL_H
#define NET_PORTAL_H

#include <stdbool.h>
#include <stdint.h>

struct catalog;
struct error;

/* Binds what NEXT needs and is not bound yet. TOLERANT: what cannot be bound is logged and left
 * out. 0 or -1. */
int portals_prepare(const struct catalog *next, bool tolerant, struct error *err);

/* Closes what portals_prepare() bound since the last switch. */
void portals_abandon(void);

/* Listens on what was prepared, and closes the sockets that NEXT does not name. */
void portals_switch(const struct catalog *next);

/* Whether connections to this portal are accepted now. */
bool portal_is_listening(const char *address, uint16_t port);

/* At the end: attempts to connect are not answered any more; those under way are taken in. */
void portals_turn_away(void);

/* After that, before sessions are stopped: closes all sockets a moment later, then DONE runs.
 */
void portals_close(void (*done)(void *arg), void *arg);

/* Closes what is left at once. */
void portals_free(void);

#endif
