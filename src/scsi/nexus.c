/* nexus.c: one initiator port at one logical unit, and its unit attentions. */
#include "scsi/nexus.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "scsi/lun.h"
#include "store/store.h"

/* Under the LUN's lock: what the owner's next command will see. */
static void
set_verdict(struct nexus *nexus)
{
    atomic_store_explicit(&nexus->verdict, nexus->attentions != 0 ? VERDICT_ATTENTION : 0u,
                          memory_order_release);
}

struct nexus *
nexus_new(struct lun *lun, bool read_only, struct io_counters *counters)
{
    struct nexus *nexus = calloc(1, sizeof *nexus);

    if (nexus == NULL)
        return NULL;
    nexus->lun = lun_ref(lun);
    nexus->read_only = read_only;
    nexus->counters = counters;
    nexus->attentions = 1u << ATTENTION_POWER_ON;
    set_verdict(nexus);
    pthread_mutex_lock(&lun->lock);
    LIST_INSERT_HEAD(&lun->nexuses, nexus, link);
    pthread_mutex_unlock(&lun->lock);
    return nexus;
}

void
nexus_free(struct nexus *nexus)
{
    if (nexus == NULL)
        return;
    pthread_mutex_lock(&nexus->lun->lock);
    LIST_REMOVE(nexus, link);
    pthread_mutex_unlock(&nexus->lun->lock);
    lun_unref(nexus->lun);
    free(nexus);
}

bool
nexus_is_read_only(const struct nexus *nexus)
{
    return nexus->read_only || nexus->lun->attributes.read_only ||
           !(lun_capabilities(nexus->lun) & STORE_CAN_WRITE);
}

void
nexus_raise(struct nexus *nexus, enum unit_attention attention)
{
    pthread_mutex_lock(&nexus->lun->lock);
    nexus->attentions |= 1u << attention;
    set_verdict(nexus);
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
