/* session_luns.c: from a target's LUNs to a session's nexuses, at login and when the catalog
 * changes. */
#include "iscsi/session_luns.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "catalog/access.h"
#include "catalog/catalog.h"
#include "core/network.h"
#include "core/worker.h"
#include "iscsi/pdu.h"
#include "iscsi/session_private.h"
#include "scsi/alua.h"
#include "scsi/lun.h"

const struct acl_entry *
session_access(const struct session *s, const struct target *target)
{
    struct ip_address from;

    ip_address_of_socket(s->peer->remote, &from);
    return access_entry(target, s->initiator, &from);
}

struct session_lun *
session_lun_ref(struct session_lun *lun)
{
    lun->refs++;
    return lun;
}

void
session_lun_unref(struct session_lun *lun)
{
    if (lun == NULL || --lun->refs > 0)
        return;
    nexus_free(lun->nexus);
    target_unref(lun->target);
    free(lun);
}

static void
free_map(struct session_luns *luns)
{
    for (size_t i = 0; i < luns->count; i++)
        session_lun_unref(luns->entries[i]);
    free(luns->numbers);
    free(luns->nexuses);
    free(luns->entries);
    *luns = (struct session_luns){0};
}

static size_t
find_number(const struct session_luns *luns, uint16_t number)
{
    size_t low = 0, high = luns->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (luns->numbers[middle] == number)
            return middle;
        if (luns->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return luns->count;
}

struct session_lun *
session_luns_find(const struct session *s, uint64_t lun)
{
    int number = pdu_lun_number(lun);
    size_t i;

    if (number < 0)
        return NULL;
    i = find_number(&s->luns, (uint16_t)number);
    return i < s->luns.count ? s->luns.entries[i] : NULL;
}

static struct session_lun *
new_entry(const struct session *s, struct target *target, const struct access_lun *lun)
{
    const struct lun_export *export = lun->export;
    struct session_lun *entry = malloc(sizeof *entry);
    struct nexus *nexus;

    if (entry == NULL)
        return NULL;
    nexus = nexus_new(export->backstore->lun, &s->it_nexus, lun->read_only,
                      export_counters_of(export->counters, s->worker));
    if (nexus == NULL) {
        free(entry);
        return NULL;
    }
    *entry = (struct session_lun){.nexus = nexus, .target = target_ref(target), .refs = 1};
    return entry;
}

/* The entry that can go on as it is, now by the word of TARGET; NULL where there is none. */
static struct session_lun *
keep_entry(const struct session *s, const struct access_lun *lun)
{
    size_t i = find_number(&s->luns, lun->number);

    /* Another disk behind the same number is another nexus. */
    if (i == s->luns.count || s->luns.entries[i]->nexus->lun != lun->export->backstore->lun)
        return NULL;
    return session_lun_ref(s->luns.entries[i]);
}

static int
allocate_map(struct session_luns *luns, size_t n)
{
    *luns = (struct session_luns){.numbers = calloc(n + 1, sizeof *luns->numbers),
                                  .nexuses = calloc(n + 1, sizeof *luns->nexuses),
                                  .entries = calloc(n + 1, sizeof(struct session_lun *))};
    if (luns->numbers != NULL && luns->nexuses != NULL && luns->entries != NULL)
        return 0;
    free_map(luns);
    return -ENOMEM;
}

/* The map that ACL wants of TARGET; *KEPT of its entries are those of the present map. */
static int
build_map(const struct session *s, struct target *target, const struct acl_entry *acl,
          struct session_luns *luns, size_t *kept)
{
    size_t places = access_lun_places(target, acl);
    struct access_lun lun;

    *kept = 0;
    if (allocate_map(luns, places) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < places; i++) {
        struct session_lun *entry;

        if (!access_lun_at(target, acl, i, &lun))
            continue;
        entry = keep_entry(s, &lun);
        if (entry != NULL)
            ++*kept;
        else
            entry = new_entry(s, target, &lun);
        if (entry == NULL) {
            free_map(luns);
            return -ENOMEM;
        }
        luns->numbers[luns->count] = lun.number;
        luns->nexuses[luns->count] = entry->nexus;
        luns->entries[luns->count] = entry;
        luns->count++;
    }
    return 0;
}

/* What is said of LUN beside its disk is taken over without a new nexus. */
static void
adopt(const struct session *s, struct session_lun *entry, struct target *target,
      const struct access_lun *lun)
{
    entry->nexus->read_only = lun->read_only;
    entry->nexus->counters = export_counters_of(lun->export->counters, s->worker);
    target_ref(target);
    target_unref(entry->target);
    entry->target = target;
}

static bool
same_port_groups(const struct it_nexus *it, const struct target *target)
{
    if (it->port_group_count != target->portal_group_count)
        return false;
    for (size_t i = 0; i < it->port_group_count; i++) {
        const struct target_port_group *a = &it->port_groups[i], *b = &target->portal_groups[i];
        if (a->tag != b->tag || a->state != b->state || a->is_preferred != b->is_preferred)
            return false;
    }
    return true;
}

/* New nexuses are born into the state of their port. */
static int
build_map_in(struct session *s, struct target *target, const struct acl_entry *acl,
             struct session_luns *now, size_t *kept)
{
    const struct target_port_group *groups = s->it_nexus.port_groups;
    size_t count = s->it_nexus.port_group_count;

    s->it_nexus.port_groups = target->portal_groups;
    s->it_nexus.port_group_count = target->portal_group_count;
    if (build_map(s, target, acl, now, kept) == 0)
        return 0;
    s->it_nexus.port_groups = groups;
    s->it_nexus.port_group_count = count;
    return -ENOMEM;
}

/* The entries of NOW, which is what ACL wants of TARGET. Whoever knew a number is told of the
 * change: most of all where another disk is behind it. */
static void
adopt_all(const struct session *s, struct session_luns *now, struct target *target,
          const struct acl_entry *acl, bool luns_changed, bool port_groups_changed)
{
    size_t places = access_lun_places(target, acl), n = 0;
    struct access_lun lun;

    for (size_t i = 0; i < places; i++) {
        if (!access_lun_at(target, acl, i, &lun))
            continue;
        bool is_kept = now->entries[n]->refs > 1; /* the present map has it, too */
        size_t before = find_number(&s->luns, lun.number);
        adopt(s, now->entries[n], target, &lun);
        if (luns_changed && before < s->luns.count)
            nexus_raise(now->nexuses[n], ATTENTION_LUNS_CHANGED);
        if (before < s->luns.count && !is_kept)
            nexus_replace(now->nexuses[n], s->luns.nexuses[before]);
        if (port_groups_changed && is_kept)
            alua_groups_changed(now->nexuses[n]);
        n++;
    }
}

int
session_luns_install(struct session *s, struct target *target, const struct acl_entry *entry)
{
    bool port_groups_changed = !same_port_groups(&s->it_nexus, target);
    struct session_luns now;
    size_t kept;

    if (build_map_in(s, target, entry, &now, &kept) < 0)
        return -ENOMEM;
    adopt_all(s, &now, target, entry, kept != now.count || kept != s->luns.count,
              port_groups_changed);
    free_map(&s->luns);
    s->luns = now;
    s->it_nexus.luns = now.numbers;
    s->it_nexus.lun_count = now.count;
    s->it_nexus.nexuses = now.nexuses;
    s->it_nexus.nexus_count = now.count;
    return 0;
}

void
session_luns_done(struct session *s)
{
    free_map(&s->luns);
}

/* What the new catalog means for one open session. */
static void
look_again(struct session *s, const struct catalog *now)
{
    struct target *target = catalog_target(now, s->target_name);
    const struct acl_entry *entry;

    if (target == s->target)
        return;
    entry = target == NULL ? NULL : session_access(s, target);
    if (target == NULL) {
        session_close(s, SESSION_CLOSE_NOW, "target removed");
    } else if (entry == NULL) {
        session_close(s, SESSION_CLOSE_NOW, "access taken away");
    } else if (session_luns_install(s, target, entry) < 0) {
        session_close(s, SESSION_CLOSE_NOW, "out of memory");
    } else {
        target_ref(target);
        s->negotiation.ours = target->parameters;
        target_unref(s->target);
        s->target = target;
    }
}

void
sessions_catalog_installed(struct worker *worker, const struct catalog *old,
                           const struct catalog *now)
{
    struct session *s, *next;

    assert(worker_is_current(worker));
    (void)worker, (void)old;
    for (s = LIST_FIRST(&session_worker_here()->sessions); s != NULL; s = next) {
        next = LIST_NEXT(s, link);
        /* A login that is not through looks at the catalog itself before it ends. */
        if (s->target != NULL && s->end == SESSION_OPEN)
            look_again(s, now);
    }
}
