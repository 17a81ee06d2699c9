/*
 * events.h: what has happened lately, numbered, for whoever watches the daemon.
 *
 *     event_post(EVENT_BACKSTORE_RESIZED, EVENT_TEXT("backstore", name),
 *                EVENT_INTEGER("size", size));
 *
 * A ring of the last EVENTS_KEPT. Any thread may post; nothing is allocated and nobody waits
 * but for the copying of one event, so it is for what is rare: never on the path of an ordinary
 * READ or WRITE. Readers are on main, and copy.
 *
 * No secret goes into an event. Text may come from a peer: it is copied, and cut where it is
 * too long.
 */
#ifndef CORE_EVENTS_H
#define CORE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define EVENTS_KEPT       4096
#define EVENT_MEMBERS_MAX 8
#define EVENT_TEXT_ROOM   576 /* for all texts of one event */
#define EVENT_TEXT_LENGTH 255 /* of one text */

/*
 * X(NAME, "name", limit). The limit is how many of the type may be posted in one second (0: any
 * number), so that what a peer can do in a loop does not push everything else out. How many
 * were left out is said by the next one of its type.
 */
/* clang-format off */
#define EVENT_TYPES(X)                                  \
    X(CONFIG_CHANGED,      "config.changed",      0)    \
    X(BACKSTORE_ONLINE,    "backstore.online",    0)    \
    X(BACKSTORE_ERROR,     "backstore.error",     0)    \
    X(BACKSTORE_RESIZED,   "backstore.resized",   0)    \
    X(BACKSTORE_SPACE,     "backstore.space",     0)    \
    X(PORTAL_UP,           "portal.up",           0)    \
    X(PORTAL_DOWN,         "portal.down",         0)    \
    X(SESSION_OPENED,      "session.opened",      1000) \
    X(SESSION_CLOSED,      "session.closed",      1000) \
    X(CONNECTION_OPENED,   "connection.opened",   200)  \
    X(CONNECTION_CLOSED,   "connection.closed",   200)  \
    X(AUTH_FAILED,         "auth.failed",         100)  \
    X(RESERVATION_CHANGED, "reservation.changed", 200)  \
    X(JOB_UPDATED,         "job.updated",         200)  \
    X(DAEMON_READY,        "daemon.ready",        0)    \
    X(DAEMON_STOPPING,     "daemon.stopping",     0)    \
    X(LOG_WARNING,         "log.warning",         100)  \
    X(LOG_ERROR,           "log.error",           100)
/* clang-format on */

enum event_type {
#define X(name, text, limit) EVENT_##name,
    EVENT_TYPES(X)
#undef X
        EVENT_TYPE_COUNT
};

enum event_kind { EVENT_KIND_NONE, EVENT_KIND_TEXT, EVENT_KIND_INTEGER, EVENT_KIND_REAL };

/* A member of the event's object. KEY is a literal. */
struct event_member {
    const char *key;
    enum event_kind kind;
    const char *text; /* NULL: the member is left out */
    int64_t integer;
    double real;
};
#define EVENT_TEXT(key_, text_)                                 \
    {                                                           \
        .key = (key_), .kind = EVENT_KIND_TEXT, .text = (text_) \
    }
#define EVENT_INTEGER(key_, integer_)                   \
    {                                                   \
        (key_), EVENT_KIND_INTEGER, NULL, (integer_), 0 \
    }
#define EVENT_REAL(key_, real_)                   \
    {                                             \
        (key_), EVENT_KIND_REAL, NULL, 0, (real_) \
    }

/* At most EVENT_MEMBERS_MAX members; what is above is left out. Any thread. */
#define event_post(type, ...) \
    event_post_members(type, (const struct event_member[]){__VA_ARGS__, {.key = NULL}})
void event_post_members(enum event_type type, const struct event_member *members);
void event_post_at(struct timespec now, enum event_type type,
                   const struct event_member *members); /* for tests */

/* The revision of the configuration that events are of from now on. Any thread. */
void events_set_revision(uint64_t revision);

/* One event, copied. TEXT of its members points into it. */
struct event_record {
    uint64_t id; /* grows by one; not used again by the next run of the daemon */
    struct timespec time;
    enum event_type type;
    uint64_t revision;
    uint64_t suppressed; /* of its type, left out since the one before it */
    unsigned member_count;
    struct event_member members[EVENT_MEMBERS_MAX];
    char text[EVENT_TEXT_ROOM];
};

/* The id of the newest event, or the one before the first where there is none yet. */
uint64_t events_last(void);

/*
 * Where a reader goes on who has seen all up to AFTER (negative: from now on; 0: all that are
 * there): the id is in *NEXT. Returns how many between have been dropped. An id of an earlier
 * run of the daemon counts as one more that was, since nobody knows how many there were.
 */
uint64_t events_resume(int64_t after, uint64_t *next);

/* Copies event ID to *RET. False: it has not happened yet, or is dropped. */
bool event_read(uint64_t id, struct event_record *ret);

const char *event_type_name(enum event_type type);

/* The types that PATTERN names, a bit each: "session.opened", "session.*" or "*"; 0: none. */
uint32_t event_types_matching(const char *pattern);
#define EVENT_TYPES_ALL ((UINT32_C(1) << EVENT_TYPE_COUNT) - 1)

/*
 * ARRIVED runs on main after events were posted: once for many. NULL: nobody wants to know any
 * more. Main only. Mail may then still be under way to main.
 */
void events_watch(void (*arrived)(void));

#endif
