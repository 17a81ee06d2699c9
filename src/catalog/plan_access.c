/* plan_access.c: sessions and the ACL entries that let them in, before and after a change. */
#include "catalog/plan_access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/access.h"
#include "catalog/build.h"
#include "catalog/catalog.h"
#include "catalog/commit.h"
#include "catalog/document.h"
#include "core/network.h"

struct side {
    struct acl_entry *entries;
    size_t count;
};

struct plan_access {
    const json_t *luns; /* before the change: what a change of the LUNs takes is not ours */
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

static int
build_side(const json_t *target, struct side *ret)
{
    return build_acls(json_object_get(target, "acls"), &ret->entries, &ret->count);
}

struct plan_access *
plan_access_new(const char *name, const json_t *before, const json_t *after,
                const struct session_summary *sessions, size_t count)
{
    struct plan_access *a = calloc(1, sizeof *a + count * sizeof a->sessions[0]);

    if (a == NULL)
        return NULL;
    a->luns = json_object_get(before, "luns");
    if (build_side(before, &a->before) < 0 || build_side(after, &a->after) < 0) {
        plan_access_free(a);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(sessions[i].target, name) != 0)
            continue;
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

/* The target's number of the LUN that ENTRY shows under NUMBER; -1: none. */
static int
shown_lun(const struct acl_entry *entry, int number)
{
    if (entry->luns == NULL)
        return number;
    for (size_t i = 0; i < entry->lun_count; i++)
        if (entry->luns[i].number == number)
            return entry->luns[i].lun;
    return -1;
}

/* The backstore behind NUMBER for whom ENTRY lets in; NULL: there is none. */
static const char *
backstore_at(const struct plan_access *access, const struct acl_entry *entry, int number)
{
    const json_t *lun;
    char key[24];

    snprintf(key, sizeof key, "%d", shown_lun(entry, number));
    lun = json_object_get(access->luns, key);
    return json_is_true(json_object_get(lun, "enabled"))
               ? json_string_value(json_object_get(lun, "backstore"))
               : NULL;
}

/* Whether what BEFORE shows under NUMBER is not under it any more. */
static bool
goes_away(const struct plan_access *access, const struct acl_entry *before,
          const struct acl_entry *after, int number)
{
    const char *was = backstore_at(access, before, number);
    const char *is = backstore_at(access, after, number);

    return was != NULL && (is == NULL || strcmp(was, is) != 0);
}

static bool
loses_lun(const struct plan_access *access, const struct acl_entry *before,
          const struct acl_entry *after)
{
    const char *number;
    json_t *ignored;

    if (before->luns != NULL) {
        for (size_t i = 0; i < before->lun_count; i++)
            if (goes_away(access, before, after, before->luns[i].number))
                return true;
        return false;
    }
    json_object_foreach (document_members(access->luns), number, ignored)
        if (goes_away(access, before, after, atoi(number)))
            return true;
    return false;
}

bool
plan_access_is_lost(const struct plan_access *access, size_t i, const char *entry)
{
    const struct acl_entry *before = access->sessions[i].before;
    const struct acl_entry *after = access->sessions[i].after;

    if (before == NULL || (!is_entry(before, entry) && !is_entry(after, entry)))
        return false;
    return after == NULL || loses_lun(access, before, after);
}

bool
plan_access_sees(const struct plan_access *access, size_t i, uint16_t number)
{
    const struct acl_entry *entry = access->sessions[i].before;

    if (entry == NULL || entry->luns == NULL)
        return entry != NULL;
    for (size_t n = 0; n < entry->lun_count; n++)
        if (entry->luns[n].lun == number)
            return true;
    return false;
}
