/* access.h: who may log in to what. Pure; any thread. */
#ifndef CATALOG_ACCESS_H
#define CATALOG_ACCESS_H

#include <stdbool.h>

struct acl_entry;
struct target;

/*
 * The entry that lets INITIATOR (iSCSI name, compared without regard to ASCII case) into
 * TARGET: its own before "*"; NULL: not allowed. No entry, no login.
 */
const struct acl_entry *access_entry(const struct target *target, const char *initiator);

#endif
