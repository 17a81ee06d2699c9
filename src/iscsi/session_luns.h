/*
 * session_luns.h: the nexuses of a session, by LUN number.
 *
 * The map is what the initiator's ACL entry shows of the target's LUNs. A nexus that has left
 * the map lives on until its last command has ended.
 */
#ifndef ISCSI_SESSION_LUNS_H
#define ISCSI_SESSION_LUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nexus;
struct session;
struct target;

struct acl_entry;

/* The entry of TARGET that lets this session's initiator in; NULL: it may not. */
const struct acl_entry *session_access(const struct session *s, const struct target *target);

struct session_lun {
    struct nexus *nexus;
    struct target *target; /* counted: keeps the counters that the nexus points to */
    unsigned refs;         /* the map, and each task */
};

struct session_luns {
    size_t count;
    uint16_t *numbers; /* ascending */
    struct nexus **nexuses;
    struct session_lun **entries;
};

/*
 * Makes the map that ENTRY, one of TARGET's, wants. What is the same stays the same nexus; when
 * the map has changed, the numbers that were there before get REPORTED LUNS DATA HAS CHANGED. 0
 * or -ENOMEM, with nothing changed.
 */
int session_luns_install(struct session *s, struct target *target,
                         const struct acl_entry *entry);
void session_luns_done(struct session *s);

/* The entry behind an 8-byte LUN of the wire; NULL where there is none. Borrowed. */
struct session_lun *session_luns_find(const struct session *s, uint64_t lun);
struct session_lun *session_lun_ref(struct session_lun *lun);
void session_lun_unref(struct session_lun *lun); /* accepts NULL */

#endif
