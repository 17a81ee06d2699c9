/* fake_target.c: a crew, a unit and a target, made of literals. */
#include "tests/fakes/fake_target.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/publish.h"
#include "core/crew.h"
#include "core/log.h"
#include "scsi/lun.h"
#include "store/store.h"

/* More than any chain of messages needs. */
#define TURNS 4

static void
must(bool fact)
{
    if (!fact)
        abort();
}

static void
nothing(void *arg)
{
    (void)arg;
}

static void
released(struct lun *lun)
{
    (void)lun;
}

void
fake_target_settle(void)
{
    for (unsigned i = 0; i < TURNS; i++) {
        worker_enter(crew_worker(0));
        worker_turn(crew_worker(0), false);
        worker_enter(crew_main());
        worker_turn(crew_main(), false);
    }
    worker_enter(crew_worker(0));
}

static struct lun *
open_lun(const struct store_config *config, unsigned modes)
{
    static const struct lun_identity identity = {.vendor_id = "VENDOR",
                                                 .product_id = "disk",
                                                 .product_revision = "1",
                                                 .serial = "0123456789",
                                                 .naa_length = 16};
    const struct lun_attributes attributes = {.block_size = config->block_size, .modes = modes};
    struct store *store = NULL;
    struct lun *lun;

    must(store_open(config, &store, NULL) == 0);
    lun = lun_new(&identity, &attributes, store, released, NULL);
    must(lun != NULL);
    return lun;
}

static void
publish(struct lun *lun, const struct target_parameters *parameters, unsigned count)
{
    static struct acl_entry acl;
    static struct target_port_group group = {.tag = 1};
    static struct backstore backstore = {.refs = 1};
    static struct target target = {.refs = 1, .enabled = true};
    static struct target *targets[1] = {&target};
    static struct catalog catalog = {.refs = 1, .targets = targets, .target_count = 1};
    struct lun_export *exports = calloc(count, sizeof *exports);

    must(exports != NULL);
    acl.initiator = strdup("*");
    backstore.lun = lun;
    for (unsigned i = 0; i < count; i++)
        exports[i] = (struct lun_export){.number = (uint16_t)(i * 300),
                                         .enabled = true,
                                         .backstore = &backstore,
                                         .counters = export_counters_new()};
    target.name = strdup(FAKE_TARGET);
    target.parameters = *parameters;
    target.portal_groups = &group;
    target.portal_group_count = 1;
    target.acls = &acl;
    target.acl_count = 1;
    target.luns = exports;
    target.lun_count = count;
    worker_enter(crew_main());
    must(catalog_publish(&catalog, nothing, NULL) == 0);
    fake_target_settle();
}

struct lun *
fake_target_open(const struct store_config *store, unsigned modes,
                 const struct target_parameters *parameters, unsigned count)
{
    struct lun *lun;

    for (const char *const *m = log_modules(); *m != NULL; m++)
        log_set_level(*m, LOG_LEVEL_ERROR);
    must(crew_new(1) == 0);
    worker_enter(crew_worker(0));
    lun = open_lun(store, modes);
    publish(lun, parameters, count);
    return lun;
}
