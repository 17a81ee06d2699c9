/* build.c: JSON objects → the structs of a view. Its targets: build_target.c. */
#include "catalog/build.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/build_private.h"
#include "catalog/catalog.h"
#include "catalog/document.h"
#include "catalog/identity.h"
#include "core/cleanup.h"
#include "core/parse.h"

static enum store_preallocate
preallocate_of(const char *name)
{
    if (strcmp(name, "falloc") == 0)
        return STORE_PREALLOCATE_FALLOC;
    return strcmp(name, "full") == 0 ? STORE_PREALLOCATE_FULL : STORE_PREALLOCATE_OFF;
}

static void
read_identity(const json_t *options, struct lun_identity *ret)
{
    const char *naa = text_of(options, "naa", "");
    int length = parse_hex(naa, ret->naa, sizeof ret->naa);

    ret->naa_length = length < 0 ? 0 : (uint8_t)length;
    snprintf(ret->serial, sizeof ret->serial, "%s", text_of(options, "serial", ""));
    snprintf(ret->vendor_id, sizeof ret->vendor_id, "%s",
             text_of(options, "vendor_id", IDENTITY_VENDOR));
    snprintf(ret->product_id, sizeof ret->product_id, "%s",
             text_of(options, "product_id", IDENTITY_PRODUCT));
    snprintf(ret->product_revision, sizeof ret->product_revision, "%s",
             text_of(options, "product_revision", identity_revision()));
}

static unsigned
modes_of(const json_t *options)
{
    static const struct {
        const char *member;
        enum lun_mode mode;
    } members[] = {
        {"read_only", LUN_READ_ONLY},  {"write_cache", LUN_WRITE_CACHE}, {"unmap", LUN_UNMAP},
        {"atomic_writes", LUN_ATOMIC}, {"removable", LUN_REMOVABLE},     {"tas", LUN_TAS},
        {"d_sense", LUN_D_SENSE},
    };
    unsigned modes = LUN_LBPERE;

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (is_true(options, members[i].member))
            modes |= members[i].mode;
    return modes;
}

void
build_backstore_options(const char *name, const json_t *options, struct backstore_options *ret)
{
    unsigned block_size = (unsigned)number_of(options, "block_size");
    const char *path = text_of(options, "path", NULL);

    if (block_size == 0)
        block_size = 512;
    *ret = (struct backstore_options){
        .config = {.type = text_of(options, "type", ""),
                   .name = name,
                   .path = path,
                   .size = number_of(options, "size"),
                   .block_size = block_size,
                   /* memory nobody needs to keep from us; the LUN keeps initiators from it */
                   .read_only = path != NULL && is_true(options, "read_only"),
                   .create = is_true(options, "create"),
                   .preallocate = preallocate_of(text_of(options, "preallocate", "off")),
                   .direct = is_true(options, "direct"),
                   .sync = is_true(options, "sync")},
        .attributes = {.block_size = block_size,
                       .modes = modes_of(options),
                       .physical_block_size =
                           (unsigned)number_of(options, "physical_block_size"),
                       .rotation_rate = (unsigned)number_of(options, "rotation_rate"),
                       .space_threshold = number_of(options, "space_threshold"),
                       .queue_depth = (unsigned)number_of(options, "queue_depth")},
    };
    read_identity(options, &ret->identity);
}

struct backstore *
build_backstore(const char *name, const char *type, struct lun *lun, const struct error *error)
{
    struct backstore *b = calloc(1, sizeof *b);

    if (b == NULL)
        return NULL;
    atomic_init(&b->refs, 1);
    b->name = strdup(name);
    b->type = strdup(type);
    if (b->name == NULL || b->type == NULL) {
        backstore_unref(b);
        return NULL;
    }
    if (error != NULL)
        b->error = *error;
    b->lun = lun;
    return b;
}

static int
compare_backstores(const void *a, const void *b)
{
    return strcmp((*(struct backstore *const *)a)->name, (*(struct backstore *const *)b)->name);
}

static int
compare_name(const void *name, const void *b)
{
    return strcmp(name, (*(struct backstore *const *)b)->name);
}

/* FRESH is sorted. */
static struct backstore *
find_fresh(struct backstore *const *fresh, size_t count, const char *name)
{
    struct backstore *const *found =
        bsearch(name, fresh, count, sizeof(struct backstore *), compare_name);

    return found == NULL ? NULL : *found;
}

static int
build_backstores(const struct build *build, struct catalog *view)
{
    json_t *map = json_object_get(build->document, "backstores"), *ignored;
    CLEANUP_FREE struct backstore **fresh = calloc(build->fresh_count + 1, sizeof fresh[0]);
    const char *name;

    view->backstores = calloc(json_object_size(map) + 1, sizeof(struct backstore *));
    if (view->backstores == NULL || fresh == NULL)
        return -1;
    for (size_t i = 0; i < build->fresh_count; i++)
        fresh[i] = build->fresh[i];
    qsort(fresh, build->fresh_count, sizeof fresh[0], compare_backstores);
    json_object_foreach (map, name, ignored) {
        struct backstore *b = find_fresh(fresh, build->fresh_count, name);
        if (b == NULL && build->old != NULL)
            b = catalog_backstore(build->old, name);
        assert(b != NULL);
        view->backstores[view->backstore_count++] = backstore_ref(b);
    }
    qsort(view->backstores, view->backstore_count, sizeof(struct backstore *),
          compare_backstores);
    return 0;
}

int
build_redirect(const json_t *config, struct redirect **ret)
{
    const json_t *redirect = json_object_get(config, "redirect");
    const char *address = text_of(redirect, "address", "");

    if (redirect == NULL)
        return 0;
    *ret = calloc(1, sizeof **ret);
    if (*ret == NULL)
        return -1;
    snprintf((*ret)->address, sizeof(*ret)->address,
             strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address,
             (unsigned)number_of(redirect, "port"));
    (*ret)->is_permanent = is_true(redirect, "permanent");
    return 0;
}

static struct portal_group *
build_group(uint16_t tag, const json_t *config)
{
    const json_t *portals = json_object_get(config, "portals");
    struct portal_group *g = calloc(1, sizeof *g);
    size_t i;
    json_t *portal;

    if (g == NULL)
        return NULL;
    atomic_init(&g->refs, 1);
    g->tag = tag;
    g->portals = calloc(json_array_size(portals) + 1, sizeof g->portals[0]);
    if (g->portals == NULL || build_redirect(config, &g->redirect) < 0) {
        portal_group_unref(g);
        return NULL;
    }
    json_array_foreach (portals, i, portal) {
        struct portal *p = &g->portals[g->portal_count++];
        snprintf(p->address, sizeof p->address, "%s", text_of(portal, "address", ""));
        p->port = (uint16_t)number_of(portal, "port");
    }
    return g;
}

bool
build_is_unchanged(const struct build *build, const char *map, const char *name,
                   const json_t *value)
{
    const json_t *before = json_object_get(json_object_get(build->old_document, map), name);

    return build->old != NULL && before != NULL && json_equal(before, value);
}

static int
compare_groups(const void *a, const void *b)
{
    return (*(struct portal_group *const *)a)->tag - (*(struct portal_group *const *)b)->tag;
}

static int
build_groups(const struct build *build, struct catalog *view)
{
    json_t *map = json_object_get(build->document, "portal_groups"), *value;
    const char *name;

    view->portal_groups = calloc(json_object_size(map) + 1, sizeof(struct portal_group *));
    if (view->portal_groups == NULL)
        return -1;
    json_object_foreach (map, name, value) {
        uint16_t tag = (uint16_t)strtoul(name, NULL, 10);
        struct portal_group *g = NULL;
        if (build_is_unchanged(build, "portal_groups", name, value)) {
            for (size_t i = 0; i < build->old->portal_group_count; i++)
                if (build->old->portal_groups[i]->tag == tag)
                    g = portal_group_ref(build->old->portal_groups[i]);
        } else {
            g = build_group(tag, value);
        }
        if (g == NULL)
            return -1;
        view->portal_groups[view->portal_group_count++] = g;
    }
    qsort(view->portal_groups, view->portal_group_count, sizeof(struct portal_group *),
          compare_groups);
    return 0;
}

struct catalog *
build_catalog(const struct build *build)
{
    struct catalog *view = calloc(1, sizeof *view);

    if (view == NULL)
        return NULL;
    atomic_init(&view->refs, 1);
    view->revision = build->revision;
    if (build_backstores(build, view) < 0 || build_groups(build, view) < 0 ||
        build_targets(build, view) < 0 ||
        document_credentials(json_object_get(build->document, "discovery"),
                             &view->discovery_auth) < 0) {
        catalog_unref(view);
        return NULL;
    }
    return view;
}
