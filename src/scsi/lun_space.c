/* lun_space.c: how much space is left to a thin unit, and who hears that it gets short. */
#include "scsi/lun_space.h"

#include "core/log.h"
#include "scsi/lun.h"
#include "store/store.h"

bool
lun_counts_space(const struct lun *lun)
{
    static const unsigned needed = STORE_CAN_UNMAP | STORE_CAN_SPACE;

    return (lun_capabilities(lun) & needed) == needed;
}

uint64_t
lun_space_threshold(const struct lun *lun)
{
    return atomic_load_explicit(&lun->space_threshold, memory_order_relaxed);
}

bool
lun_wants_space_looked_at(const struct lun *lun)
{
    return lun_counts_space(lun) &&
           (lun_space_threshold(lun) != 0 || atomic_load(&lun->has_no_space));
}

/* SITUA=0: every nexus hears of it. LBPERE=0: nobody. */
static void
tell(struct lun *lun, enum unit_attention attention, const struct nexus *causer)
{
    if (lun_is(lun, LUN_LBPERE))
        lun_raise(lun, attention, causer);
}

static void
note_none_left(struct lun *lun, const struct nexus *causer)
{
    if (atomic_exchange(&lun->has_no_space, true))
        return;
    log_limited(LOG_LEVEL_ERROR, "scsi", "a thin disk has run out of space", "store",
                lun->store->name, NULL);
    tell(lun, ATTENTION_NO_SPACE_LEFT, causer);
}

bool
lun_note_space(struct lun *lun, uint64_t available)
{
    static const uint64_t none_left = SPACE_NONE_LEFT * SPACE_SET;
    bool is_short = available < lun_space_threshold(lun);
    bool is_new = !atomic_exchange(&lun->is_short, is_short) && is_short;

    if (is_new)
        tell(lun, ATTENTION_SPACE_SHORT, NULL);
    if (available <= none_left - SPACE_SET / 2)
        note_none_left(lun, NULL);
    else if (available > none_left + SPACE_SET / 2)
        atomic_store(&lun->has_no_space, false);
    return is_new;
}

void
lun_note_no_space(struct lun *lun, const struct nexus *causer)
{
    if (lun_counts_space(lun))
        note_none_left(lun, causer);
}
