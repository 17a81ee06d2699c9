/*
 * alua.h: asymmetric logical unit access (SPC-4 section 5.15.2): through which target port
 * groups a unit can be used, and how well.
 *
 * A target port group is a portal group of the target; its tag is the TARGET PORT GROUP and the
 * RELATIVE TARGET PORT IDENTIFIER of its one port. What the configuration says of a group holds
 * for every unit (implicit changes); SET TARGET PORT GROUPS says something else for one unit,
 * until the configuration changes its mind or the daemon ends.
 */
#ifndef SCSI_ALUA_H
#define SCSI_ALUA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct it_nexus;
struct lun;
struct nexus;

/* ASYMMETRIC ACCESS STATE. The first four can be set by an initiator. */
enum port_state {
    PORT_OPTIMIZED = 0x0,
    PORT_NON_OPTIMIZED = 0x1,
    PORT_STANDBY = 0x2,
    PORT_UNAVAILABLE = 0x3,
    PORT_STATES_TO_SET,
    PORT_TRANSITION = 0xf,
};

/* One target port group of a target, as configured. */
struct target_port_group {
    uint16_t tag;
    enum port_state state;
    bool is_preferred;
};

/* What an initiator has said of a group, for one unit. */
struct port_override {
    uint16_t tag;
    enum port_state state;
    enum port_state configured; /* what the configuration said then */
};

/* NULL where there is none. */
const struct target_port_group *target_port_group_find(const struct it_nexus *it, uint16_t tag);

/* The state of GROUP for LUN. Under lun->lock. */
enum port_state alua_state(const struct lun *lun, const struct target_port_group *group);

/* Why GROUP has it (SPC-4 table 275, STATUS CODE): by an initiator, or not. Under lun->lock. */
bool alua_is_overridden(const struct lun *lun, const struct target_port_group *group);

/* A new nexus: what the state of its port lets it do. Under lun->lock, on its worker. */
void alua_judge(struct nexus *nexus);

/* What nexus->it says of port groups is not what it said before: its verdict changes, and
 * ASYMMETRIC ACCESS STATE CHANGED is raised. On its worker. */
void alua_groups_changed(struct nexus *nexus);

/*
 * SET TARGET PORT GROUPS by NEXUS: for each of the COUNT CHANGES (of groups of its target; of
 * two for one group the last holds), from now on and for everybody. All other nexuses of the
 * unit are told. 0, or -ENOMEM with nothing changed. On the nexus's worker.
 */
int alua_set(struct nexus *nexus, const struct port_override *changes, size_t count);

#endif
