/* plan.h: what changes between two documents, and whom it disturbs. Pure. */
#ifndef CATALOG_PLAN_H
#define CATALOG_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct session_summary;

/* Two valid documents, each as it is stored and as document_complete() makes it. */
struct plan {
    const json_t *before, *before_complete;
    const json_t *after, *after_complete;
    const struct session_summary *sessions; /* those that are open */
    size_t session_count;
    bool (*can_write)(const char *backstore); /* its store is open, and not read-only; NULL:
                                                 none is */
};

/*
 * Array of {"op", "path", "before", "after", "disruptive"}: what is made and what is different
 * first, then what goes. A thing that has a name (backstore, portal group, target, LUN, ACL
 * entry) comes or goes as a whole; of one that stays, each member. Members with their default
 * are as if they were absent. Secrets are shown as "(set)", and as "(changed)" after a change.
 * "disruptive" is there where it is true: sessions will be closed,
 * a LUN go away, or data be lost.
 *
 * Adds what stands in the way, and "force" would override, to OBJECTS (an array):
 * {"kind": "session", …} and, for one that shrinks, {"kind": "backstore", …}; each once. NULL:
 * out of memory.
 */
json_t *plan_changes(const struct plan *plan, json_t *objects);

/* What becomes of an open backstore when its options (complete) change. */
enum plan_effect {
    PLAN_NOTHING,     /* what it uses stays the same */
    PLAN_RESIZE,      /* only "size" differs */
    PLAN_RECONFIGURE, /* what its LUN is or says of itself differs: in place, too */
    PLAN_REOPEN,      /* what its store is opened with differs: a new LUN over a new store */
};
enum plan_effect plan_backstore_effect(const json_t *before, const json_t *after,
                                       bool can_write);

#endif
