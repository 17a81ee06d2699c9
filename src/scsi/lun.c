/* lun.c: the life of a logical unit, and what happens to all its nexuses at once. */
#include "scsi/lun.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/counters.h"
#include "core/worker.h"
#include "scsi/range_guard.h"
#include "scsi/rod.h"
#include "store/store.h"

enum { COUNTER_SETS = WORKERS_MAX + 1 };

static struct io_counters *
counters_new(void)
{
    size_t size = COUNTER_SETS * sizeof(struct io_counters);
    struct io_counters *counters = aligned_alloc(_Alignof(struct io_counters), size);

    if (counters != NULL)
        memset(counters, 0, size);
    return counters;
}

void
lun_totals(const struct lun *lun, struct io_totals *totals)
{
    *totals = (struct io_totals){0};
    io_counters_sum(lun->counters, COUNTER_SETS, totals);
    totals->in_flight = 0; /* who starts is not counted here */
}

struct lun *
lun_new(const struct lun_identity *identity, const struct lun_attributes *attributes,
        struct store *store, void (*released)(struct lun *lun), void *owner)
{
    struct lun *lun = calloc(1, sizeof *lun);
    struct reservations *own = reservations_new();

    if (lun == NULL || own == NULL) {
        reservations_unref(own);
        free(lun);
        return NULL;
    }
    lun->guard = range_guard_new();
    lun->counters = counters_new();
    if (lun->guard == NULL || lun->counters == NULL) {
        range_guard_free(lun->guard);
        free(lun->counters);
        reservations_unref(own);
        free(lun);
        return NULL;
    }
    assert(attributes->block_size == 512 || attributes->block_size == 4096);
    atomic_init(&lun->refs, 1);
    atomic_init(&lun->stopped, false);
    atomic_init(&lun->ejected, false);
    lun->identity = *identity;
    lun->block_size = attributes->block_size;
    atomic_init(&lun->physical_block_size, attributes->physical_block_size);
    atomic_init(&lun->rotation_rate, attributes->rotation_rate);
    atomic_init(&lun->queue_depth, attributes->queue_depth);
    atomic_init(&lun->space_threshold, attributes->space_threshold);
    atomic_init(&lun->modes, attributes->modes);
    atomic_init(&lun->default_modes, attributes->modes);
    lun->store = store;
    lun->released = released;
    lun->owner = owner;
    pthread_mutex_init(&lun->lock, NULL);
    LIST_INIT(&lun->nexuses);
    TAILQ_INIT(&lun->tokens);
    reservations_attach(lun, own);
    reservations_unref(own);
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
    rods_free(lun);
    range_guard_free(lun->guard);
    reservations_detach(lun);
    pthread_mutex_destroy(&lun->lock);
    free(lun->overrides);
    free(lun->counters);
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

struct lun_identity
lun_identity(struct lun *lun)
{
    struct lun_identity identity;

    pthread_mutex_lock(&lun->lock);
    identity = lun->identity;
    pthread_mutex_unlock(&lun->lock);
    return identity;
}

unsigned
lun_physical_block_size(const struct lun *lun)
{
    unsigned size = atomic_load_explicit(&lun->physical_block_size, memory_order_relaxed);

    if (size == 0 && lun->store != NULL)
        size = lun->store->physical_block_size;
    return size > lun->block_size ? size : lun->block_size;
}

unsigned
lun_reset_modes(struct lun *lun)
{
    unsigned modes;

    pthread_mutex_lock(&lun->lock);
    modes = (atomic_load(&lun->default_modes) & ~lun->saved.mask) |
            (lun->saved.values & lun->saved.mask);
    pthread_mutex_unlock(&lun->lock);
    return modes;
}

void
lun_set_saved_modes(struct lun *lun, const struct saved_modes *modes, bool in_force)
{
    pthread_mutex_lock(&lun->lock);
    lun->saved = *modes;
    pthread_mutex_unlock(&lun->lock);
    if (in_force)
        lun_set_modes(lun, modes->mask, modes->values);
}

struct saved_modes
lun_saved_modes(struct lun *lun)
{
    struct saved_modes modes;

    pthread_mutex_lock(&lun->lock);
    modes = lun->saved;
    pthread_mutex_unlock(&lun->lock);
    return modes;
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

    if (!lun_is(lun, LUN_UNMAP))
        capabilities &= ~(unsigned)STORE_CAN_UNMAP;
    if (lun_is(lun, LUN_ATOMIC))
        capabilities |= STORE_CAN_ATOMIC;
    return capabilities;
}

void
lun_raise(struct lun *lun, enum unit_attention attention, const struct nexus *except)
{
    struct nexus *nexus;

    /* What was cut off and came back is not what a token stands for. */
    if (attention == ATTENTION_CAPACITY_CHANGED || attention == ATTENTION_MEDIUM_CHANGED)
        rod_written(lun, 0, UINT64_MAX / 2);
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
    return lun_set_modes(lun, LUN_MODES_OF_PAGES, lun_reset_modes(lun));
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

/* The bits of enum unit_attention that belong to MODES which are not as they were. */
static unsigned
attentions_of(unsigned modes)
{
    static const struct {
        unsigned modes;
        enum unit_attention attention;
    } rows[] = {
        {LUN_MODES_OF_PAGES | LUN_READ_ONLY, ATTENTION_MODE_CHANGED}, /* also the header's WP */
        {LUN_UNMAP, ATTENTION_CAPACITY_CHANGED},                      /* LBPME */
        {LUN_UNMAP | LUN_REMOVABLE | LUN_ATOMIC, ATTENTION_INQUIRY_CHANGED},
    };
    unsigned attentions = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (modes & rows[i].modes)
            attentions |= 1u << rows[i].attention;
    return attentions;
}

static bool
same_identity(const struct lun_identity *a, const struct lun_identity *b)
{
    return strcmp(a->vendor_id, b->vendor_id) == 0 &&
           strcmp(a->product_id, b->product_id) == 0 &&
           strcmp(a->product_revision, b->product_revision) == 0 &&
           strcmp(a->serial, b->serial) == 0 && a->naa_length == b->naa_length &&
           memcmp(a->naa, b->naa, a->naa_length) == 0;
}

/* Under the lock. A medium that cannot be ejected any more is in, and nobody needs to keep it
 * there. */
static unsigned
close_tray(struct lun *lun)
{
    struct nexus *nexus;

    LIST_FOREACH (nexus, &lun->nexuses, link)
        nexus->prevents_removal = false;
    return atomic_exchange(&lun->ejected, false) ? 1u << ATTENTION_MEDIUM_CHANGED : 0;
}

bool
lun_reconfigure(struct lun *lun, const struct lun_identity *identity,
                const struct lun_attributes *attributes)
{
    unsigned changed, attentions;
    bool was_saved;
    struct nexus *nexus;

    assert(attributes->block_size == lun->block_size);
    pthread_mutex_lock(&lun->lock);
    changed = atomic_exchange(&lun->default_modes, attributes->modes) ^ attributes->modes;
    lun_set_modes(lun, changed, attributes->modes);
    was_saved = (lun->saved.mask & changed) != 0;
    lun->saved.mask &= ~changed; /* the operator's word is the later one */
    attentions = attentions_of(changed);
    if (changed & LUN_REMOVABLE & ~attributes->modes)
        attentions |= close_tray(lun);
    if (!same_identity(&lun->identity, identity))
        attentions |= 1u << ATTENTION_INQUIRY_CHANGED;
    lun->identity = *identity;
    if (atomic_exchange(&lun->rotation_rate, attributes->rotation_rate) !=
        attributes->rotation_rate)
        attentions |= 1u << ATTENTION_INQUIRY_CHANGED;
    if (atomic_exchange(&lun->physical_block_size, attributes->physical_block_size) !=
        attributes->physical_block_size)
        attentions |= 1u << ATTENTION_CAPACITY_CHANGED | 1u << ATTENTION_INQUIRY_CHANGED;
    atomic_store(&lun->queue_depth, attributes->queue_depth);
    if (atomic_exchange(&lun->space_threshold, attributes->space_threshold) !=
        attributes->space_threshold) {
        attentions |= 1u << ATTENTION_MODE_CHANGED;
        lun->is_short = false; /* of the new one nobody has heard */
    }
    for (unsigned i = 0; i < ATTENTIONS; i++)
        LIST_FOREACH (nexus, &lun->nexuses, link)
            if (attentions & (1u << i))
                nexus_raise_locked(nexus, (enum unit_attention)i);
    pthread_mutex_unlock(&lun->lock);
    return was_saved;
}
