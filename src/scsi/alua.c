/* alua.c: the states of target port groups, for one unit and its nexuses. */
#include "scsi/alua.h"

#include <errno.h>
#include <stdlib.h>

#include "scsi/lun.h"
#include "scsi/nexus.h"

const struct target_port_group *
target_port_group_find(const struct it_nexus *it, uint16_t tag)
{
    for (size_t i = 0; i < it->port_group_count; i++)
        if (it->port_groups[i].tag == tag)
            return &it->port_groups[i];
    return NULL;
}

/* An override lasts as long as the configuration says what it said when it was made. */
static const struct port_override *
find_override(const struct lun *lun, uint16_t tag, enum port_state configured)
{
    for (size_t i = 0; i < lun->override_count; i++)
        if (lun->overrides[i].tag == tag)
            return lun->overrides[i].configured == configured ? &lun->overrides[i] : NULL;
    return NULL;
}

static enum port_state
effective(const struct lun *lun, uint16_t tag, enum port_state configured)
{
    const struct port_override *o = find_override(lun, tag, configured);

    return o != NULL ? o->state : configured;
}

enum port_state
alua_state(const struct lun *lun, const struct target_port_group *group)
{
    return effective(lun, group->tag, group->state);
}

bool
alua_is_overridden(const struct lun *lun, const struct target_port_group *group)
{
    return find_override(lun, group->tag, group->state) != NULL;
}

static void
apply(struct nexus *nexus)
{
    unsigned bits = 0;

    switch (effective(nexus->lun, nexus->it->target_port_group, nexus->port_state)) {
    case PORT_OPTIMIZED:
    case PORT_NON_OPTIMIZED:
    case PORT_STATES_TO_SET:
        break;
    case PORT_STANDBY:
        bits = VERDICT_STANDBY;
        break;
    case PORT_UNAVAILABLE:
        bits = VERDICT_UNAVAILABLE;
        break;
    case PORT_TRANSITION:
        bits = VERDICT_TRANSITION;
        break;
    }
    nexus_set_access(nexus, VERDICT_OF_PORT, bits);
}

/* A session can outlive its target's being reached through its portal group. */
void
alua_judge(struct nexus *nexus)
{
    const struct it_nexus *it = nexus->it;
    const struct target_port_group *own = target_port_group_find(it, it->target_port_group);

    nexus->port_state = own != NULL ? own->state : PORT_OPTIMIZED;
    apply(nexus);
}

void
alua_groups_changed(struct nexus *nexus)
{
    lun_lock(nexus->lun);
    alua_judge(nexus);
    nexus_raise_locked(nexus, ATTENTION_PORT_STATE_CHANGED);
    lun_unlock(nexus->lun);
}

static void
add_override(struct lun *lun, const struct port_override *change)
{
    for (size_t i = 0; i < lun->override_count; i++) {
        if (lun->overrides[i].tag == change->tag) {
            lun->overrides[i] = *change;
            return;
        }
    }
    lun->overrides[lun->override_count++] = *change;
}

int
alua_set(struct nexus *nexus, const struct port_override *changes, size_t count)
{
    struct lun *lun = nexus->lun;
    struct port_override *room;
    struct nexus *other;

    lun_lock(lun);
    room = realloc(lun->overrides, (lun->override_count + count + 1) * sizeof *room);
    if (room == NULL) {
        lun_unlock(lun);
        return -ENOMEM;
    }
    lun->overrides = room;
    for (size_t i = 0; i < count; i++)
        add_override(lun, &changes[i]);
    LIST_FOREACH (other, &lun->nexuses, link) {
        apply(other);
        if (other != nexus)
            nexus_raise_locked(other, ATTENTION_PORT_STATE_CHANGED);
    }
    lun_unlock(lun);
    return 0;
}
