/* nexus.c: one initiator port at one logical unit, and its unit attentions. */
#include "scsi/nexus.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/counters.h"
#include "scsi/alua.h"
#include "scsi/cmd.h"
#include "scsi/copy_results.h"
#include "scsi/lun.h"
#include "scsi/rod_results.h"
#include "store/store.h"

/* Under the LUN's lock: what the owner's next command will see. */
static void
set_verdict(struct nexus *nexus)
{
    static const unsigned resets = (1u << (ATTENTION_LAST_RESET + 1)) - 1;
    unsigned verdict = nexus->access;

    if (nexus->attentions & resets)
        verdict |= VERDICT_RESET;
    if (nexus->attentions & ~resets)
        verdict |= VERDICT_ATTENTION;
    atomic_store_explicit(&nexus->verdict, verdict, memory_order_release);
}

struct nexus *
nexus_new(struct lun *lun, const struct it_nexus *it, bool read_only,
          struct io_counters *counters)
{
    struct nexus *nexus = calloc(1, sizeof *nexus);

    if (nexus == NULL)
        return NULL;
    nexus->lun = lun_ref(lun);
    nexus->it = it;
    task_set_init(&nexus->tasks);
    nexus->read_only = read_only;
    nexus->counters = counters;
    nexus->attentions = 1u << ATTENTION_POWER_ON;
    pthread_mutex_lock(&lun->reservations->lock);
    pthread_mutex_lock(&lun->lock);
    if (atomic_load(&lun->sanitize.state) != SANITIZE_IDLE)
        nexus->access |= VERDICT_SANITIZE;
    alua_judge(nexus);
    reservations_judge(nexus);
    LIST_INSERT_HEAD(&lun->nexuses, nexus, link);
    pthread_mutex_unlock(&lun->lock);
    pthread_mutex_unlock(&lun->reservations->lock);
    return nexus;
}

void
nexus_free(struct nexus *nexus)
{
    struct lun *lun = nexus != NULL ? nexus->lun : NULL;

    if (nexus == NULL)
        return;
    if (nexus->pins > 0) {
        nexus->is_free = true;
        nexus->counters = NULL;
        return;
    }
    copy_results_free(nexus->copies);
    rod_results_free(nexus->rods);
    pthread_mutex_lock(&lun->reservations->lock);
    pthread_mutex_lock(&lun->lock);
    LIST_REMOVE(nexus, link);
    pthread_mutex_unlock(&lun->lock);
    reservations_leave(nexus);
    pthread_mutex_unlock(&lun->reservations->lock);
    lun_unref(lun);
    free(nexus);
}

void
nexus_count_refusal(struct nexus *nexus, unsigned status)
{
    struct refusals *r;

    if (nexus->counters == NULL ||
        (status != SCSI_TASK_SET_FULL && status != SCSI_BUSY &&
         status != SCSI_RESERVATION_CONFLICT) ||
        (r = io_counters_refusals(nexus->counters)) == NULL)
        return;
    if (status == SCSI_TASK_SET_FULL)
        counter_add(&r->task_set_full, 1);
    else if (status == SCSI_BUSY)
        counter_add(&r->busy, 1);
    else
        counter_add(&r->reservation_conflict, 1);
}

struct nexus *
nexus_find_by_naa(const struct it_nexus *it, const uint8_t *naa, uint8_t length)
{
    for (size_t i = 0; i < it->nexus_count; i++) {
        struct nexus *nexus = it->nexuses[i];
        struct lun_identity id;

        if (nexus == NULL)
            continue;
        id = lun_identity(nexus->lun);
        if (length == id.naa_length && memcmp(naa, id.naa, length) == 0)
            return nexus;
    }
    return NULL;
}

void
nexus_replace(struct nexus *nexus, const struct nexus *before)
{
    if (nexus->lun->block_size == before->lun->block_size &&
        !(atomic_load(&before->verdict) & VERDICT_BLOCK_SIZE))
        return;
    pthread_mutex_lock(&nexus->lun->lock);
    nexus_set_access(nexus, VERDICT_BLOCK_SIZE, VERDICT_BLOCK_SIZE);
    nexus_raise_locked(nexus, ATTENTION_CAPACITY_CHANGED);
    pthread_mutex_unlock(&nexus->lun->lock);
}

void
nexus_tell_block_size(struct nexus *nexus)
{
    if (!(atomic_load(&nexus->verdict) & VERDICT_BLOCK_SIZE))
        return;
    pthread_mutex_lock(&nexus->lun->lock);
    nexus_set_access(nexus, VERDICT_BLOCK_SIZE, 0);
    pthread_mutex_unlock(&nexus->lun->lock);
}

void
nexus_pin(struct nexus *nexus)
{
    nexus->pins++;
}

void
nexus_unpin(struct nexus *nexus)
{
    if (--nexus->pins == 0 && nexus->is_free)
        nexus_free(nexus);
}

/* Beside what a mode page says. */
static bool
is_fixed_read_only(const struct nexus *nexus)
{
    return nexus->read_only || lun_is(nexus->lun, LUN_READ_ONLY) ||
           !(lun_capabilities(nexus->lun) & STORE_CAN_WRITE);
}

bool
nexus_is_read_only(const struct nexus *nexus)
{
    return is_fixed_read_only(nexus) || lun_is(nexus->lun, LUN_SWP);
}

bool
nexus_is_read_only_by_mode(const struct nexus *nexus)
{
    return lun_is(nexus->lun, LUN_SWP) && !is_fixed_read_only(nexus);
}

void
nexus_raise_locked(struct nexus *nexus, enum unit_attention attention)
{
    nexus->attentions |= 1u << attention;
    set_verdict(nexus);
}

void
nexus_raise(struct nexus *nexus, enum unit_attention attention)
{
    pthread_mutex_lock(&nexus->lun->lock);
    nexus_raise_locked(nexus, attention);
    pthread_mutex_unlock(&nexus->lun->lock);
}

void
nexus_set_access(struct nexus *nexus, unsigned mask, unsigned bits)
{
    nexus->access = (nexus->access & ~mask) | bits;
    set_verdict(nexus);
}

void
nexus_prevent_removal(struct nexus *nexus, bool prevents)
{
    pthread_mutex_lock(&nexus->lun->lock);
    nexus->prevents_removal = prevents;
    pthread_mutex_unlock(&nexus->lun->lock);
}

int
nexus_take_attention(struct nexus *nexus)
{
    int attention;

    pthread_mutex_lock(&nexus->lun->lock);
    attention = ffs((int)nexus->attentions) - 1;
    nexus->attentions &= nexus->attentions - 1; /* the lowest bit, if there is one */
    set_verdict(nexus);
    pthread_mutex_unlock(&nexus->lun->lock);
    return attention;
}

void
nexus_clear(struct nexus *nexus, enum unit_attention attention)
{
    pthread_mutex_lock(&nexus->lun->lock);
    nexus->attentions &= ~(1u << attention);
    set_verdict(nexus);
    pthread_mutex_unlock(&nexus->lun->lock);
}
