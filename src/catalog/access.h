/*
 * access.h: who may log in to what, from where, and which LUNs it sees there. Pure; any thread.
 * Everybody who asks this question asks here: login, discovery, sessions when the catalog
 * changes, and the plan of a change.
 *
 * An entry applies where the initiator's name matches AND its address is in one of the entry's
 * networks (an entry without networks: anywhere). One that does not apply is passed over. Of
 * those that do, the first in this order counts: the name itself; patterns, those with more
 * characters that are not wildcards first, and among equals in the order of their text (the
 * members of a JSON object have none); "*".
 */
#ifndef CATALOG_ACCESS_H
#define CATALOG_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acl_entry;
struct ip_address;
struct lun_export;
struct target;

/* The entry that lets INITIATOR (iSCSI name) at FROM into TARGET; NULL: not allowed. No entry,
 * no login. */
const struct acl_entry *access_entry(const struct target *target, const char *initiator,
                                     const struct ip_address *from);

/* The same of entries that are in order. */
const struct acl_entry *access_find(const struct acl_entry *entries, size_t count,
                                    const char *initiator, const struct ip_address *from);

/* Puts entries into the order that says which of them counts. */
void access_sort(struct acl_entry *entries, size_t count);

/*
 * Whether NAME is as PATTERN says, without regard to ASCII case: '*' stands for any number of
 * characters, '?' for one (of UTF-8). A pattern without them is a name.
 */
bool access_name_matches(const char *pattern, const char *name);

/* A LUN as an initiator sees it. */
struct access_lun {
    uint16_t number; /* here, whatever number the target has it under */
    bool read_only;
    const struct lun_export *export; /* borrowed from the target */
};

/* How many places for LUNs ENTRY has; some may be empty. */
size_t access_lun_places(const struct target *target, const struct acl_entry *entry);

/* The LUN in place I of those that ENTRY, one of TARGET's, shows; their numbers ascend. False:
 * there is none, or it is not enabled. */
bool access_lun_at(const struct target *target, const struct acl_entry *entry, size_t i,
                   struct access_lun *ret);

#endif
