/* lun.c: the life of a logical unit, and what happens to all its nexuses at once. */
#include "scsi/lun.h"

#include <assert.h>
#include <stdlib.h>

#include "scsi/range_guard.h"
#include "store/store.h"

struct lun *
lun_new(const struct lun_identity *identity, const struct lun_attributes *attributes,
        struct store *store, void (*released)(struct lun *lun), void *owner)
{
    struct lun *lun = calloc(1, sizeof *lun);

    if (lun == NULL)
        return NULL;
    lun->guard = range_guard_new();
    if (lun->guard == NULL) {
        free(lun);
        return NULL;
    }
    assert(attributes->block_size == 512 || attributes->block_size == 4096);
    atomic_init(&lun->refs, 1);
    atomic_init(&lun->stopped, false);
    atomic_init(&lun->ejected, false);
    atomic_init(&lun->queue_depth, 0);
    lun->identity = *identity;
    lun->block_size = attributes->block_size;
    atomic_init(&lun->modes, attributes->modes);
    atomic_init(&lun->default_modes, attributes->modes);
    lun->store = store;
    lun->released = released;
    lun->owner = owner;
    pthread_mutex_init(&lun->lock, NULL);
    LIST_INIT(&lun->nexuses);
    reservations_init(lun);
    return lun;
}

struct lun *
lun_ref(struct lun *lun)
{
    atomic_fetch_add_explicit(&lun->refs, 1, memory_order_relaxed);
    return lun;
}

void
lun_unref(struct lun *lun)
{
    /* Whoever releases it must see all that the others have written to it. */
    if (lun != NULL && atomic_fetch_sub_explicit(&lun->refs, 1, memory_order_acq_rel) == 1)
        lun->released(lun);
}

void
lun_free(struct lun *lun)
{
    if (lun == NULL)
        return;
    assert(LIST_EMPTY(&lun->nexuses));
    range_guard_free(lun->guard);
    reservations_done(lun);
    pthread_mutex_destroy(&lun->lock);
    free(lun->overrides);
    free(lun);
}

void
lun_lock(struct lun *lun)
{
    pthread_mutex_lock(&lun->lock);
}

void
lun_unlock(struct lun *lun)
{
    pthread_mutex_unlock(&lun->lock);
}

uint64_t
lun_blocks(const struct lun *lun)
{
    if (lun->store == NULL)
        return 0;
    return atomic_load_explicit(&lun->store->size, memory_order_acquire) / lun->block_size;
}

unsigned
lun_set_modes(struct lun *lun, unsigned mask, unsigned values)
{
    unsigned before = atomic_load(&lun->modes), after;

    do
        after = (before & ~mask) | (values & mask);
    while (!atomic_compare_exchange_weak(&lun->modes, &before, after));
    return before ^ after;
}

bool
lun_has_range(const struct lun *lun, uint64_t lba, uint64_t count)
{
    uint64_t blocks = lun_blocks(lun);

    return lba < blocks && count <= blocks - lba;
}

unsigned
lun_capabilities(const struct lun *lun)
{
    unsigned capabilities = lun->store != NULL ? lun->store->capabilities : ~0u;

    return lun_is(lun, LUN_UNMAP) ? capabilities : capabilities & ~(unsigned)STORE_CAN_UNMAP;
}

void
lun_raise(struct lun *lun, enum unit_attention attention, const struct nexus *except)
{
    struct nexus *nexus;

    pthread_mutex_lock(&lun->lock);
    LIST_FOREACH (nexus, &lun->nexuses, link)
        if (nexus != except)
            nexus_raise_locked(nexus, attention);
    pthread_mutex_unlock(&lun->lock);
}

/* Under the lock. */
static bool
is_prevented(const struct lun *lun)
{
    const struct nexus *nexus;

    LIST_FOREACH (nexus, &lun->nexuses, link)
        if (nexus->prevents_removal)
            return true;
    return false;
}

bool
lun_eject(struct lun *lun)
{
    bool prevented;

    pthread_mutex_lock(&lun->lock);
    prevented = is_prevented(lun);
    if (!prevented)
        atomic_store_explicit(&lun->ejected, true, memory_order_relaxed);
    pthread_mutex_unlock(&lun->lock);
    return !prevented;
}

bool
lun_load(struct lun *lun, const struct nexus *loader)
{
    bool prevented, was_out = false;

    pthread_mutex_lock(&lun->lock);
    prevented = is_prevented(lun);
    if (!prevented)
        was_out = atomic_exchange(&lun->ejected, false);
    pthread_mutex_unlock(&lun->lock);
    if (prevented)
        return false;
    atomic_store_explicit(&lun->stopped, false, memory_order_relaxed);
    if (was_out)
        lun_raise(lun, ATTENTION_MEDIUM_CHANGED, loader);
    return true;
}

/* What MODE SELECT and START STOP UNIT have changed is as it was before (SPC-4 sections 5.12.8
 * and 6.11); a medium that is out stays out. */
static unsigned
restore(struct lun *lun)
{
    atomic_store_explicit(&lun->stopped, false, memory_order_relaxed);
    return lun_set_modes(lun, LUN_MODES_OF_PAGES, atomic_load(&lun->default_modes));
}

static void
reset_locked(struct nexus *nexus, enum unit_attention attention)
{
    nexus->prevents_removal = false;
    nexus_raise_locked(nexus, attention);
}

void
lun_reset(struct lun *lun)
{
    struct nexus *nexus;

    pthread_mutex_lock(&lun->lock);
    LIST_FOREACH (nexus, &lun->nexuses, link)
        reset_locked(nexus, ATTENTION_DEVICE_RESET);
    pthread_mutex_unlock(&lun->lock);
    reservations_reset(lun);
    (void)restore(lun);
}

void
lun_bus_reset(struct nexus *nexus)
{
    struct lun *lun = nexus->lun;

    pthread_mutex_lock(&lun->lock);
    reset_locked(nexus, ATTENTION_BUS_RESET);
    pthread_mutex_unlock(&lun->lock);
    reservations_reset(lun);
    if (restore(lun) != 0)
        lun_raise(lun, ATTENTION_MODE_CHANGED, NULL); /* others come by another target */
}
