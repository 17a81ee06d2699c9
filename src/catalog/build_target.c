/* build_target.c: the targets of a view: parameters, ways in, ACL entries and LUNs. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/access.h"
#include "catalog/build.h"
#include "catalog/build_private.h"
#include "catalog/catalog.h"
#include "catalog/document.h"
#include "core/network.h"

static uint8_t
digests_of(const json_t *object, const char *member)
{
    uint8_t bits = 0;
    size_t i;
    json_t *name;

    json_array_foreach (json_object_get(object, member), i, name)
        bits |= strcmp(json_string_value(name), "none") == 0 ? DIGEST_ALLOW_NONE
                                                             : DIGEST_ALLOW_CRC32C;
    return bits;
}

static void
read_parameters(const json_t *p, struct target_parameters *ret)
{
    *ret = (struct target_parameters){
        .initial_r2t = is_true(p, "initial_r2t"),
        .immediate_data = is_true(p, "immediate_data"),
        .max_recv_data_segment_length = (uint32_t)number_of(p, "max_recv_data_segment_length"),
        .max_burst_length = (uint32_t)number_of(p, "max_burst_length"),
        .first_burst_length = (uint32_t)number_of(p, "first_burst_length"),
        .max_outstanding_r2t = (uint16_t)number_of(p, "max_outstanding_r2t"),
        .default_time2wait = (uint16_t)number_of(p, "default_time2wait"),
        .header_digests = digests_of(p, "header_digest"),
        .data_digests = digests_of(p, "data_digest"),
        .nop_interval_s = (uint16_t)number_of(p, "nop_interval_s"),
        .nop_timeout_s = (uint16_t)number_of(p, "nop_timeout_s"),
        .queue_depth = (uint16_t)number_of(p, "queue_depth"),
    };
    /* Only the default can be above: see document_check.c. RFC 7143 section 13.14. */
    if (ret->first_burst_length > ret->max_burst_length)
        ret->first_burst_length = ret->max_burst_length;
}

static int
compare_tags(const void *a, const void *b)
{
    return ((const struct target_port_group *)a)->tag -
           ((const struct target_port_group *)b)->tag;
}

/* The configuration's word for a state (schemas/portal_group.json). */
static enum port_state
port_state_of(const char *name)
{
    static const struct {
        const char *name;
        enum port_state state;
    } names[] = {
        {"optimized", PORT_OPTIMIZED},      {"non_optimized", PORT_NON_OPTIMIZED},
        {"standby", PORT_STANDBY},          {"unavailable", PORT_UNAVAILABLE},
        {"transitioning", PORT_TRANSITION},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].state;
    return PORT_OPTIMIZED;
}

static struct target_port_group
port_group_of(const json_t *document, uint16_t tag)
{
    char key[8];
    const json_t *group;

    snprintf(key, sizeof key, "%u", (unsigned)tag);
    group = json_object_get(json_object_get(document, "portal_groups"), key);
    return (struct target_port_group){
        .tag = tag,
        .state = port_state_of(text_of(group, "alua_state", "")),
        .is_preferred = is_true(group, "preferred"),
    };
}

static int
build_port_groups(const json_t *document, struct target *t, const json_t *tags)
{
    size_t i;
    json_t *tag;

    t->portal_groups = calloc(json_array_size(tags) + 1, sizeof t->portal_groups[0]);
    if (t->portal_groups == NULL)
        return -1;
    json_array_foreach (tags, i, tag)
        t->portal_groups[t->portal_group_count++] =
            port_group_of(document, (uint16_t)json_integer_value(tag));
    qsort(t->portal_groups, t->portal_group_count, sizeof t->portal_groups[0], compare_tags);
    return 0;
}

/* Whether the portal groups of OLD are in DOCUMENT what they were. */
static bool
has_same_port_groups(const json_t *document, const struct target *old)
{
    for (size_t i = 0; i < old->portal_group_count; i++) {
        const struct target_port_group *g = &old->portal_groups[i];
        struct target_port_group now = port_group_of(document, g->tag);
        if (g->state != now.state || g->is_preferred != now.is_preferred)
            return false;
    }
    return true;
}

static int
build_networks(struct acl_entry *entry, const json_t *networks)
{
    size_t i;
    json_t *text;

    entry->networks = calloc(json_array_size(networks) + 1, sizeof entry->networks[0]);
    if (entry->networks == NULL)
        return -1;
    json_array_foreach (networks, i, text) {
        int result = network_parse(json_string_value(text), &entry->networks[i], NULL);
        assert(result == 0); /* document_check.c */
        (void)result;
        entry->network_count++;
    }
    return 0;
}

static int
compare_acl_luns(const void *a, const void *b)
{
    return ((const struct acl_lun *)a)->number - ((const struct acl_lun *)b)->number;
}

static int
build_acl_luns(struct acl_entry *entry, const json_t *luns)
{
    size_t i;
    json_t *value;

    if (luns == NULL)
        return 0;
    entry->luns = calloc(json_array_size(luns) + 1, sizeof entry->luns[0]);
    if (entry->luns == NULL)
        return -1;
    json_array_foreach (luns, i, value) {
        bool is_renamed = json_object_get(value, "seen_as") != NULL;
        entry->luns[entry->lun_count++] = (struct acl_lun){
            .number = (uint16_t)number_of(value, is_renamed ? "seen_as" : "lun"),
            .lun = (uint16_t)number_of(value, "lun"),
            .read_only = is_true(value, "read_only"),
        };
    }
    qsort(entry->luns, entry->lun_count, sizeof entry->luns[0], compare_acl_luns);
    return 0;
}

static int
build_acl_entry(struct acl_entry *entry, const char *initiator, const json_t *value)
{
    entry->initiator = strdup(initiator);
    if (entry->initiator == NULL)
        return -1;
    if (build_networks(entry, json_object_get(value, "networks")) < 0)
        return -1;
    if (document_credentials(value, &entry->auth) < 0)
        return -1;
    return build_acl_luns(entry, json_object_get(value, "luns"));
}

int
build_acls(const json_t *acls, struct acl_entry **ret, size_t *count)
{
    struct acl_entry *entries = calloc(json_object_size(acls) + 1, sizeof entries[0]);
    const char *initiator;
    json_t *value;
    size_t n = 0;

    if (entries == NULL)
        return -1;
    json_object_foreach (document_members(acls), initiator, value)
        if (build_acl_entry(&entries[n++], initiator, value) < 0) {
            acl_entries_free(entries, n);
            return -1;
        }
    access_sort(entries, n);
    *ret = entries;
    *count = n;
    return 0;
}

/* Those of the same export in the old view, or new ones. */
static struct export_counters *
counters_for(const struct target *old, const struct lun_export *lun)
{
    for (size_t i = 0; old != NULL && i < old->lun_count; i++)
        if (old->luns[i].number == lun->number &&
            strcmp(old->luns[i].backstore->name, lun->backstore->name) == 0)
            return export_counters_ref(old->luns[i].counters);
    return export_counters_new();
}

static int
compare_luns(const void *a, const void *b)
{
    return ((const struct lun_export *)a)->number - ((const struct lun_export *)b)->number;
}

static int
build_luns(const struct catalog *view, const struct target *old, struct target *t,
           const json_t *luns)
{
    const char *number;
    json_t *value;

    t->luns = calloc(json_object_size(luns) + 1, sizeof t->luns[0]);
    if (t->luns == NULL)
        return -1;
    json_object_foreach (document_members(luns), number, value) {
        struct lun_export *lun = &t->luns[t->lun_count];
        lun->number = (uint16_t)strtoul(number, NULL, 10);
        lun->read_only = is_true(value, "read_only");
        lun->enabled = is_true(value, "enabled");
        lun->backstore =
            backstore_ref(catalog_backstore(view, text_of(value, "backstore", "")));
        lun->counters = counters_for(old, lun);
        t->lun_count++;
        if (lun->counters == NULL)
            return -1;
    }
    qsort(t->luns, t->lun_count, sizeof t->luns[0], compare_luns);
    return 0;
}

static struct target *
build_target(const struct build *build, const struct catalog *view, const struct target *old,
             const char *name, const json_t *value)
{
    struct target *t = calloc(1, sizeof *t);
    const char *alias = text_of(value, "alias", NULL);

    if (t == NULL)
        return NULL;
    atomic_init(&t->refs, 1);
    t->name = strdup(name);
    t->alias = alias == NULL ? NULL : strdup(alias);
    t->enabled = is_true(value, "enabled");
    read_parameters(json_object_get(value, "parameters"), &t->parameters);
    if (t->name == NULL || (alias != NULL && t->alias == NULL) ||
        build_redirect(value, &t->redirect) < 0 ||
        build_port_groups(build->document, t, json_object_get(value, "portal_groups")) < 0 ||
        build_acls(json_object_get(value, "acls"), &t->acls, &t->acl_count) < 0 ||
        build_luns(view, old, t, json_object_get(value, "luns")) < 0) {
        target_unref(t);
        return NULL;
    }
    return t;
}

/* Whether each LUN of OLD leads to the very backstore that VIEW has under that name. */
static bool
has_same_backstores(const struct catalog *view, const struct target *old)
{
    for (size_t i = 0; i < old->lun_count; i++)
        if (catalog_backstore(view, old->luns[i].backstore->name) != old->luns[i].backstore)
            return false;
    return true;
}

static int
compare_targets(const void *a, const void *b)
{
    return strcasecmp((*(struct target *const *)a)->name, (*(struct target *const *)b)->name);
}

int
build_targets(const struct build *build, struct catalog *view)
{
    json_t *map = json_object_get(build->document, "targets"), *value;
    const char *name;

    view->targets = calloc(json_object_size(map) + 1, sizeof(struct target *));
    if (view->targets == NULL)
        return -1;
    json_object_foreach (map, name, value) {
        struct target *old = build->old == NULL ? NULL : catalog_target(build->old, name);
        struct target *t;
        if (old != NULL && build_is_unchanged(build, "targets", name, value) &&
            has_same_backstores(view, old) && has_same_port_groups(build->document, old))
            t = target_ref(old);
        else
            t = build_target(build, view, old, name, value);
        if (t == NULL)
            return -1;
        view->targets[view->target_count++] = t;
    }
    qsort(view->targets, view->target_count, sizeof(struct target *), compare_targets);
    return 0;
}
