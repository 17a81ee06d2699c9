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
#include "catalog/plan.h"
#include "core/network.h"

struct side {
    struct acl_entry *entries;
    size_t count;
};

/* A target that sessions are on. */
struct used_target {
    struct used_target *next;
    const json_t *luns; /* before the change: what a change of the LUNs takes is not ours */
    struct side before, after;
};

struct plan_access {
    struct used_target *targets;
    struct {
        const struct used_target *target;
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

/* For the session I, and all later ones that are on the same target. */
static int
add_target(struct plan_access *a, const struct plan *plan, size_t i)
{
    const char *name = plan->sessions[i].target;
    const json_t *before = document_target(plan->before_complete, name);
    struct used_target *t = calloc(1, sizeof *t);

    if (t == NULL)
        return -1;
    t->next = a->targets;
    a->targets = t;
    t->luns = json_object_get(before, "luns");
    if (build_side(before, &t->before) < 0 ||
        build_side(document_target(plan->after_complete, name), &t->after) < 0)
        return -1;
    for (; i < plan->session_count; i++) {
        if (strcasecmp(plan->sessions[i].target, name) != 0)
            continue;
        a->sessions[i].target = t;
        a->sessions[i].before = entry_of(&t->before, &plan->sessions[i]);
        a->sessions[i].after = entry_of(&t->after, &plan->sessions[i]);
    }
    return 0;
}

struct plan_access *
plan_access_new(const struct plan *plan)
{
    struct plan_access *a = calloc(1, sizeof *a + plan->session_count * sizeof a->sessions[0]);

    if (a == NULL)
        return NULL;
    for (size_t i = 0; i < plan->session_count; i++)
        if (a->sessions[i].target == NULL && add_target(a, plan, i) < 0) {
            plan_access_free(a);
            return NULL;
        }
    return a;
}

void
plan_access_free(struct plan_access *access)
{
    struct used_target *t;

    while (access != NULL && (t = access->targets) != NULL) {
        access->targets = t->next;
        acl_entries_free(t->before.entries, t->before.count);
        acl_entries_free(t->after.entries, t->after.count);
        free(t);
    }
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

/* NULL where LUN is not enabled, or none. */
static const char *
backstore_of(const json_t *lun)
{
    return json_is_true(json_object_get(lun, "enabled"))
               ? json_string_value(json_object_get(lun, "backstore"))
               : NULL;
}

/* The backstore behind NUMBER for whom ENTRY lets in; NULL: there is none. */
static const char *
backstore_at(const json_t *luns, const struct acl_entry *entry, int number)
{
    char key[24];

    snprintf(key, sizeof key, "%d", shown_lun(entry, number));
    return backstore_of(json_object_get(luns, key));
}

/* Whether what BEFORE shows under NUMBER is not under it any more. */
static bool
goes_away(const json_t *luns, const struct acl_entry *before, const struct acl_entry *after,
          int number)
{
    const char *was = backstore_at(luns, before, number);
    const char *is = backstore_at(luns, after, number);

    return was != NULL && (is == NULL || strcmp(was, is) != 0);
}

static bool
loses_lun(const json_t *luns, const struct acl_entry *before, const struct acl_entry *after)
{
    const char *number;
    json_t *ignored;

    if (before->luns != NULL) {
        for (size_t i = 0; i < before->lun_count; i++)
            if (goes_away(luns, before, after, before->luns[i].number))
                return true;
        return false;
    }
    json_object_foreach (document_members(luns), number, ignored)
        if (goes_away(luns, before, after, atoi(number)))
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
    return after == NULL || loses_lun(access->sessions[i].target->luns, before, after);
}

bool
plan_access_sees(const struct plan_access *access, size_t i, int number)
{
    const struct acl_entry *entry = access->sessions[i].before;

    if (entry == NULL || entry->luns == NULL)
        return true;
    for (size_t n = 0; n < entry->lun_count; n++)
        if (entry->luns[n].lun == number)
            return true;
    return false;
}

bool
plan_access_uses(const struct plan_access *access, size_t i, const char *backstore)
{
    const char *number;
    json_t *lun;

    json_object_foreach (document_members(access->sessions[i].target->luns), number, lun) {
        const char *name = backstore_of(lun);
        if (name != NULL && strcmp(name, backstore) == 0 &&
            plan_access_sees(access, i, atoi(number)))
            return true;
    }
    return false;
}
