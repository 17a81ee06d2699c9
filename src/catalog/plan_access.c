/* plan_access.c: sessions and the ACL entries that let them in, before and after a change. */
#include "catalog/plan_access.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/access.h"
#include "catalog/build.h"
#include "catalog/catalog.h"
#include "catalog/commit.h"
#include "core/network.h"

struct side {
    struct acl_entry *entries;
    size_t count;
};

struct plan_access {
    struct side before, after;
    struct {
        const struct acl_entry *before, *after; /* NULL: does not get in */
    } sessions[];
};

static const struct acl_entry *
entry_of(const struct side *side, const struct session_summary *session)
{
    struct ip_address from;

    ip_address_of_socket(session->remote, &from);
    return access_find(side->entries, side->count, session->initiator, &from);
}

struct plan_access *
plan_access_new(const json_t *before, const json_t *after,
                const struct session_summary *sessions, size_t count)
{
    struct plan_access *a = calloc(1, sizeof *a + count * sizeof a->sessions[0]);

    if (a == NULL)
        return NULL;
    if (build_acls(before, &a->before.entries, &a->before.count) < 0 ||
        build_acls(after, &a->after.entries, &a->after.count) < 0) {
        plan_access_free(a);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        a->sessions[i].before = entry_of(&a->before, &sessions[i]);
        a->sessions[i].after = entry_of(&a->after, &sessions[i]);
    }
    return a;
}

void
plan_access_free(struct plan_access *access)
{
    if (access == NULL)
        return;
    acl_entries_free(access->before.entries, access->before.count);
    acl_entries_free(access->after.entries, access->after.count);
    free(access);
}

static bool
is_entry(const struct acl_entry *entry, const char *name)
{
    return entry != NULL && strcmp(entry->initiator, name) == 0;
}

bool
plan_access_is_lost(const struct plan_access *access, size_t i, const char *entry)
{
    return is_entry(access->sessions[i].before, entry) && access->sessions[i].after == NULL;
}
