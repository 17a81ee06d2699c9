/* access.c: who may log in to what. */
#include "catalog/access.h"

#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"

const struct acl_entry *
access_entry(const struct target *target, const char *initiator)
{
    const struct acl_entry *any = NULL;

    for (size_t i = 0; i < target->acl_count; i++) {
        const struct acl_entry *entry = &target->acls[i];
        if (strcmp(entry->initiator, "*") == 0)
            any = entry;
        else if (strcasecmp(entry->initiator, initiator) == 0)
            return entry;
    }
    return any;
}
