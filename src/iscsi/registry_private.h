/*
 * registry_private.h: the sessions' side of the registry: enter at login, leave at the end.
 *
 * An entry belongs to the worker of its session, which enters and leaves there. Other threads
 * find it under the lock, copy from it, and post it a message; a message holds a reference, so
 * it finds the entry even when the session has gone meanwhile, and then does nothing.
 */
#ifndef ISCSI_REGISTRY_PRIVATE_H
#define ISCSI_REGISTRY_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/worker.h"

struct session_info;

/* Which session this is: the same key again replaces it (RFC 7143 section 6.3.5). Strings are
 * borrowed until registry_leave(). */
struct registry_key {
    const char *initiator;
    const char *target; /* "" for discovery, which replaces nothing */
    uint64_t isid;
    uint16_t portal_group;
    uint16_t tsih; /* of the session that goes on with a new connection; 0: a new session. Not
                      compared */
};

/* How a session is asked to go. */
struct registry_close_how {
    bool replaced; /* its initiator logs in anew */
    bool logout;
    uint32_t timeout_ms;
};

/* What the registry may ask of a session. */
struct registry_ops {
    /* Any thread, under the lock: copies what does not change any more, or is atomic. */
    void (*describe)(const void *session, struct session_info *info);
    /* On its worker. */
    void (*close)(void *session, const struct registry_close_how *how);
    void (*granted)(void *session);
};

struct registry_entry {
    LIST_ENTRY(registry_entry) link; /* under the lock, as is all that follows */
    struct registry_key key;
    const struct registry_ops *ops;
    struct worker *owner;
    void *session; /* NULL once it has left */
    unsigned refs;
    unsigned blockers;   /* older sessions with this key that are still there */
    uint64_t session_id; /* N of "s-N" */
    uint64_t connection_id;
    uint16_t tsih;
    bool passes_tsih_on; /* a later one has it, too */
    bool close_posted, granted_posted;
    struct registry_close_how how;
    struct message close_message, granted_message;
};

/*
 * Enters SESSION, which runs on the current worker, with a TSIH of its own, or that of the
 * session that it goes on with (where that is still there). Older sessions with
 * the same key are asked to close; when there are none (any more) *WAITS is false, else
 * granted() will be called. NULL where memory or TSIHs are short.
 */
struct registry_entry *registry_enter(const struct registry_key *key,
                                      const struct registry_ops *ops, void *session,
                                      bool *waits);

/* The session has ended, or never came to be. On its worker. Accepts NULL. */
void registry_leave(struct registry_entry *entry);

/* Whether a session with this key (all of it) and TSIH is there. LOOK (may be NULL) gets it,
 * under the lock, as describe() does. Any thread. */
bool registry_look(const struct registry_key *key, uint16_t tsih,
                   void (*look)(const void *session, void *arg), void *arg);

#endif
