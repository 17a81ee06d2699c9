/* catalog.c: references to the immutable view, and lookups in it. */
#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/credentials.h"
#include "core/counters.h"
#include "core/crew.h"
#include "core/latency.h"
#include "scsi/lun.h"

struct export_counters {
    atomic_uint refs;
    unsigned sets;           /* the workers there are, and main */
    struct io_counters of[]; /* by worker_id(); main's is the last */
};

static void
take(atomic_uint *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Whether that was the last one. */
static bool
drop(atomic_uint *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

struct export_counters *
export_counters_new(void)
{
    unsigned sets = (crew_size() > 0 ? crew_size() : WORKERS_MAX) + 1;
    size_t size = sizeof(struct export_counters) + sets * sizeof(struct io_counters);
    struct export_counters *counters = aligned_alloc(_Alignof(struct export_counters), size);

    if (counters == NULL)
        return NULL;
    memset(counters, 0, size);
    counters->sets = sets;
    atomic_init(&counters->refs, 1);
    return counters;
}

struct export_counters *
export_counters_ref(struct export_counters *counters)
{
    take(&counters->refs);
    return counters;
}

void
export_counters_unref(struct export_counters *counters)
{
    if (counters == NULL || !drop(&counters->refs))
        return;
    io_counters_done(counters->of, counters->sets);
    free(counters);
}

struct io_counters *
export_counters_of(struct export_counters *counters, const struct worker *worker)
{
    unsigned id = worker_id(worker);

    return &counters->of[id < counters->sets - 1 ? id : counters->sets - 1];
}

void
export_counters_total(const struct export_counters *counters, struct io_totals *totals)
{
    io_counters_sum(counters->of, counters->sets, totals);
}

void
export_counters_latency(const struct export_counters *counters, struct latency_totals *totals)
{
    latency_sum(counters->of, counters->sets, totals);
}

void
export_counters_refusals(const struct export_counters *counters, struct refusal_totals *totals)
{
    refusals_sum(counters->of, counters->sets, totals);
}

struct backstore *
backstore_ref(struct backstore *backstore)
{
    take(&backstore->refs);
    return backstore;
}

void
backstore_unref(struct backstore *backstore)
{
    if (backstore == NULL || !drop(&backstore->refs))
        return;
    lun_unref(backstore->lun);
    free(backstore->name);
    free(backstore->type);
    free(backstore);
}

struct portal_group *
portal_group_ref(struct portal_group *group)
{
    take(&group->refs);
    return group;
}

void
portal_group_unref(struct portal_group *group)
{
    if (group == NULL || !drop(&group->refs))
        return;
    free(group->portals);
    free(group->redirect);
    free(group);
}

void
acl_entries_free(struct acl_entry *entries, size_t count)
{
    for (size_t i = 0; entries != NULL && i < count; i++) {
        free(entries[i].initiator);
        free(entries[i].networks);
        free(entries[i].luns);
        chap_credentials_unref(entries[i].auth);
    }
    free(entries);
}

struct target *
target_ref(struct target *target)
{
    take(&target->refs);
    return target;
}

void
target_unref(struct target *target)
{
    if (target == NULL || !drop(&target->refs))
        return;
    for (size_t i = 0; i < target->lun_count; i++) {
        backstore_unref(target->luns[i].backstore);
        export_counters_unref(target->luns[i].counters);
    }
    acl_entries_free(target->acls, target->acl_count);
    free(target->luns);
    free(target->portal_groups);
    free(target->redirect);
    free(target->alias);
    free(target->name);
    free(target);
}

struct catalog *
catalog_ref(struct catalog *catalog)
{
    take(&catalog->refs);
    return catalog;
}

void
catalog_unref(struct catalog *catalog)
{
    if (catalog == NULL || !drop(&catalog->refs))
        return;
    for (size_t i = 0; i < catalog->target_count; i++)
        target_unref(catalog->targets[i]);
    for (size_t i = 0; i < catalog->backstore_count; i++)
        backstore_unref(catalog->backstores[i]);
    for (size_t i = 0; i < catalog->portal_group_count; i++)
        portal_group_unref(catalog->portal_groups[i]);
    chap_credentials_unref(catalog->discovery_auth);
    free(catalog->targets);
    free(catalog->backstores);
    free(catalog->portal_groups);
    free(catalog);
}

static int
compare_target(const void *name, const void *element)
{
    return strcasecmp(name, (*(struct target *const *)element)->name);
}

static int
compare_backstore(const void *name, const void *element)
{
    return strcmp(name, (*(struct backstore *const *)element)->name);
}

static int
compare_group(const void *tag, const void *element)
{
    return *(const uint16_t *)tag - (*(struct portal_group *const *)element)->tag;
}

static int
compare_lun(const void *number, const void *element)
{
    return *(const uint16_t *)number - ((const struct lun_export *)element)->number;
}

static int
compare_tag(const void *tag, const void *element)
{
    return *(const uint16_t *)tag - *(const uint16_t *)element;
}

/* bsearch(), but an empty array may be NULL. */
static void *
find(const void *key, const void *array, size_t count, size_t size,
     int (*compare)(const void *key, const void *element))
{
    return count == 0 ? NULL : bsearch(key, array, count, size, compare);
}

struct target *
catalog_target(const struct catalog *catalog, const char *name)
{
    struct target **found = find(name, catalog->targets, catalog->target_count,
                                 sizeof catalog->targets[0], compare_target);

    return found == NULL ? NULL : *found;
}

struct backstore *
catalog_backstore(const struct catalog *catalog, const char *name)
{
    struct backstore **found = find(name, catalog->backstores, catalog->backstore_count,
                                    sizeof catalog->backstores[0], compare_backstore);

    return found == NULL ? NULL : *found;
}

const struct portal_group *
catalog_portal_group(const struct catalog *catalog, uint16_t tag)
{
    struct portal_group **found =
        find(&tag, catalog->portal_groups, catalog->portal_group_count,
             sizeof catalog->portal_groups[0], compare_group);

    return found == NULL ? NULL : *found;
}

const struct lun_export *
target_lun(const struct target *target, uint16_t number)
{
    const struct lun_export *found =
        find(&number, target->luns, target->lun_count, sizeof target->luns[0], compare_lun);

    return found != NULL && found->enabled ? found : NULL;
}

bool
target_has_portal_group(const struct target *target, uint16_t tag)
{
    return find(&tag, target->portal_groups, target->portal_group_count,
                sizeof target->portal_groups[0], compare_tag) != NULL;
}
